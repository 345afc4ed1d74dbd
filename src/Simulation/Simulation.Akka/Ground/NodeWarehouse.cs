using System.Runtime.CompilerServices;
using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Simulation.Actors.Ground;

/// <summary>The warehouse as one node reaches it: an insert may break off in the middle.</summary>
/// <param name="checkRow">Told every row of the population table before it is written.</param>
internal sealed class NodeWarehouse(MemoryWarehouse warehouse, NodeFaults faults, Action<PopulationRow> checkRow) : IWarehouse, IPopulation
{
    public Task InsertAsync(IReadOnlyList<LogFrame> frames, CancellationToken cancel) => faults.AroundAsync("insert", async () =>
    {
        await warehouse.InsertAsync([.. frames.Take(frames.Count / 2)], cancel);
        faults.Strike("insert", "in");
        await warehouse.InsertAsync([.. frames.Skip(frames.Count / 2)], cancel);
        return true;
    });

    public Task<IReadOnlyList<RawTotals>> TotalsAsync(Cut cut, CancellationToken cancel) => faults.AroundAsync("totals", () => warehouse.TotalsAsync(cut, cancel));

    public Task<long> ComputeAsync(CompiledView view, long epoch, int partition, long cutOffset, int lastPrunedDay, CancellationToken cancel) =>
        faults.AroundAsync("compute", () => warehouse.ComputeAsync(view, epoch, partition, cutOffset, lastPrunedDay, cancel));

    public async IAsyncEnumerable<(CustomerId Customer, State State)> ReadComputedAsync(
        CompiledView view, long epoch, int partition, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var row in warehouse.ReadComputedAsync(view, epoch, partition, cancel))
        {
            faults.Strike("computed states", "in");
            await Task.Yield();
            yield return row;
        }
    }

    public Task DropComputedAsync(IReadOnlyCollection<long> keep, CancellationToken cancel) => warehouse.DropComputedAsync(keep, cancel);

    public Task<IReadOnlyList<LateRepeat>> LateRepeatsAsync(int partition, long fromOffset, long toOffset, long horizonMs, CancellationToken cancel) =>
        faults.AroundAsync("late repeats", () => warehouse.LateRepeatsAsync(partition, fromOffset, toOffset, horizonMs, cancel));

    public Task<State?> RecomputeCustomerAsync(CompiledView view, int partition, CustomerId customer, long belowOffset, CancellationToken cancel) =>
        warehouse.RecomputeCustomerAsync(view, partition, customer, belowOffset, cancel);

    public Task<IReadOnlyList<CustomerEvent>> EventsAsync(
        int partition, CustomerId customer, (long OccurredAtMicros, long Offset)? before, int limit, CancellationToken cancel) =>
        warehouse.EventsAsync(partition, customer, before, limit, cancel);

    public Task EnsureAsync(ViewDefinition definition, CancellationToken cancel) => warehouse.EnsureAsync(definition, cancel);

    public Task WriteAsync(ViewDefinition definition, IEnumerable<PopulationRow> rows, CancellationToken cancel) => faults.AroundAsync("population", async () =>
    {
        var all = rows.ToList();
        foreach (var row in all) checkRow(row);
        await warehouse.WriteAsync(definition, all, cancel);
        return true;
    });

    public Task ActivateAsync(ViewDefinition definition, CancellationToken cancel) => warehouse.ActivateAsync(definition, cancel);
}
