using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.RawEvents;

namespace Lambda.Warehouse;

/// <summary>The warehouse in ClickHouse: raw events in, computed views out. The schema must be there (<see cref="Schema.Migrator"/>).</summary>
public sealed class ClickHouseWarehouse(ClickHouseClient client) : IWarehouse, IDisposable
{
    private readonly RawEventSink _sink = new(client);
    private readonly RawEventReads _reads = new(client);
    private readonly ComputedViews _computed = new(client);

    public Task InsertAsync(IReadOnlyList<LogFrame> frames, CancellationToken cancel) => _sink.InsertAsync(frames, cancel);

    public Task<IReadOnlyList<RawTotals>> TotalsAsync(Cut cut, CancellationToken cancel) => _reads.TotalsAsync(cut, cancel);

    public Task<long> ComputeAsync(CompiledView view, long epoch, int partition, long cutOffset, int lastPrunedDay, CancellationToken cancel) =>
        _computed.ComputeAsync(view, epoch, partition, cutOffset, lastPrunedDay, cancel);

    public IAsyncEnumerable<(CustomerId Customer, State State)> ReadComputedAsync(CompiledView view, long epoch, int partition, CancellationToken cancel) =>
        _computed.ReadAsync(view, epoch, partition, cancel);

    public Task DropComputedAsync(IReadOnlyCollection<long> keep, CancellationToken cancel) => _computed.DropAsync(keep, cancel);

    public Task<IReadOnlyList<LateRepeat>> LateRepeatsAsync(int partition, long fromOffset, long toOffset, long horizonMs, CancellationToken cancel) =>
        _reads.LateRepeatsAsync(partition, fromOffset, toOffset, horizonMs, cancel);

    public Task<State?> RecomputeCustomerAsync(CompiledView view, int partition, CustomerId customer, long belowOffset, CancellationToken cancel) =>
        _computed.RecomputeCustomerAsync(view, partition, customer, belowOffset, cancel);

    public Task<IReadOnlyList<CustomerEvent>> EventsAsync(
        int partition, CustomerId customer, (long OccurredAtMicros, long Offset)? before, int limit, CancellationToken cancel) =>
        _reads.EventsAsync(partition, customer, before, limit, cancel);

    public void Dispose() => _sink.Dispose();
}
