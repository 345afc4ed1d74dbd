using System.Runtime.CompilerServices;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.BatchLayer.Memory;

/// <summary>Where in an operation a fault strikes. Middle: half of the effect is there (of an insert: half the frames; of a computation: the old result is gone).</summary>
public enum FaultMoment { Before, Middle, After }

/// <summary>Called with the operation's name at its moments; may throw, and so play a crash before, within or after the effect.</summary>
public delegate ValueTask FaultHook(string operation, FaultMoment moment);

/// <summary>
/// The whole warehouse in memory, for simulation and tests: records as they came, and every answer computed in the plainest way. Deterministic.
/// </summary>
public sealed partial class MemoryWarehouse : IWarehouse, IPopulation, IErasable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, MemoryRawEvents> _raw = [];
    private readonly Dictionary<(string Definition, long Epoch, int Partition), List<(CustomerId Customer, State State)>> _computed = [];
    private readonly Dictionary<string, Dictionary<CustomerId, PopulationRow>> _population = [];

    public FaultHook? Fault { get; set; }

    /// <summary>Hash of the definition that `customer_current` shows; null before the first activation.</summary>
    public string? ActiveDefinition { get; private set; }

    public Task InsertAsync(IReadOnlyList<LogFrame> frames, CancellationToken cancel) => RunAsync("insert", [
        () => Insert(frames.Take(frames.Count / 2)),
        () => Insert(frames.Skip(frames.Count / 2)),
    ]);

    public async Task<IReadOnlyList<RawTotals>> TotalsAsync(Cut cut, CancellationToken cancel)
    {
        List<RawTotals> totals = [];
        await RunAsync("totals", [() => totals.AddRange(Enumerable.Range(0, cut.Partitions).Select(p => Totals(p, cut[p])))]);
        return totals;
    }

    public async Task<long> ComputeAsync(CompiledView view, long epoch, int partition, long cutOffset, int lastPrunedDay, CancellationToken cancel)
    {
        List<(CustomerId, State)> result = [];
        var key = (view.Definition.Hash, epoch, partition);
        await RunAsync("compute", [
            () => _computed.Remove(key),
            () =>
            {
                var raw = Raw(partition);
                foreach (var customer in raw.Customers)
                    if (Fold(view, raw, customer, cutOffset) is { } state) result.Add((customer, view.Prune(state, lastPrunedDay)));
                _computed[key] = result;
            },
        ]);
        return result.Count;
    }

    public async IAsyncEnumerable<(CustomerId Customer, State State)> ReadComputedAsync(
        CompiledView view, long epoch, int partition, [EnumeratorCancellation] CancellationToken cancel)
    {
        List<(CustomerId, State)> rows = [];
        await RunAsync("read", [() => rows = _computed.TryGetValue((view.Definition.Hash, epoch, partition), out var found)
            ? found
            : throw new InvalidOperationException($"epoch {epoch} of {view.Definition.Hash}, partition {partition}, was not computed")]);
        foreach (var row in rows)
        {
            cancel.ThrowIfCancellationRequested();
            yield return row;
        }
    }

    public Task DropComputedAsync(IReadOnlyCollection<long> keep, CancellationToken cancel) => RunAsync("drop", [() =>
    {
        foreach (var key in _computed.Keys.Where(k => !keep.Contains(k.Epoch)).ToList()) _computed.Remove(key);
    }]);

    public async Task<IReadOnlyList<LateRepeat>> LateRepeatsAsync(int partition, long fromOffset, long toOffset, long horizonMs, CancellationToken cancel)
    {
        List<LateRepeat> late = [];
        await RunAsync("late", [() =>
        {
            var raw = Raw(partition);
            var copies = raw.Below(toOffset).Where(r => r.Offset >= raw.ErasedBefore(r.Customer, toOffset)).GroupBy(r => (r.Customer, r.EventId)).Select(g => g.ToList());
            foreach (var c in copies)
                for (var i = 1; i < c.Count; i++)
                    if (c[i].Offset >= fromOffset && c[i].AppendedAtMs - c[i - 1].AppendedAtMs > horizonMs)
                        late.Add(new LateRepeat(c[i].Customer, c[i].EventId, c[i].Offset));
        }]);
        return [.. late.OrderBy(l => l.Offset)];
    }

    public async Task<State?> RecomputeCustomerAsync(CompiledView view, int partition, CustomerId customer, long belowOffset, CancellationToken cancel)
    {
        State? state = null;
        await RunAsync("recompute", [() => state = Fold(view, Raw(partition), customer, belowOffset)]);
        return state;
    }

    public async Task<IReadOnlyList<CustomerEvent>> EventsAsync(
        int partition, CustomerId customer, (long OccurredAtMicros, long Offset)? before, int limit, CancellationToken cancel)
    {
        List<CustomerEvent> events = [];
        await RunAsync("events", [() =>
        {
            var row = new EventRow();
            foreach (var record in Raw(partition).DistinctOf(customer, long.MaxValue)
                .Where(r => before is not { } b || (r.OccurredAtMicros, r.Offset).CompareTo(b) < 0)
                .OrderByDescending(r => (r.OccurredAtMicros, r.Offset)).Take(limit))
            {
                record.ReadInto(row);
                events.Add(new CustomerEvent(record.Offset, record.OccurredAtMicros, record.AppendedAtMs, row.Body.ToArray()));
            }
        }]);
        return events;
    }

    // --- customer_current ---------------------------------------------------------------------------------------------

    public Task EnsureAsync(ViewDefinition definition, CancellationToken cancel) =>
        RunAsync("ensure", [() => _population.TryAdd(definition.Hash, [])]);

    public Task WriteAsync(ViewDefinition definition, IEnumerable<PopulationRow> rows, CancellationToken cancel) => RunAsync("write", [() =>
    {
        var table = _population[definition.Hash];
        foreach (var row in rows)
            foreach (var shown in row is { IsGone: true, IsOfAnother: false } ? [.. _population.Values] : (IReadOnlyList<Dictionary<CustomerId, PopulationRow>>)[table]) // as the table in ClickHouse does
                if (!shown.TryGetValue(row.Customer, out var old) || Stamp(row).CompareTo(Stamp(old)) >= 0) shown[row.Customer] = row;
    }]);

    public Task ActivateAsync(ViewDefinition definition, CancellationToken cancel) => RunAsync("activate", [() =>
    {
        if (!_population.ContainsKey(definition.Hash)) throw new InvalidOperationException($"no population table of {definition.Hash}");
        ActiveDefinition = definition.Hash;
        foreach (var other in _population.Keys.Where(h => h != definition.Hash).ToList()) _population.Remove(other);
    }]);

    /// <summary>The population under a definition, ascending by customer; empty when it has no table.</summary>
    public IReadOnlyList<PopulationRow> Population(string definitionHash)
    {
        lock (_lock) return _population.TryGetValue(definitionHash, out var rows) ? [.. rows.Values.Where(r => !r.IsGone).OrderBy(r => r.Customer)] : [];
    }

    private static (long, long) Stamp(PopulationRow row) => (row.Linked, row.Epoch + row.Applied + row.OthersAt + row.Answer.AsOfDay);

    // --- erasures -----------------------------------------------------------------------------------------------------

    public string Store => "warehouse";

    /// <summary>Whether a raw event of the customer stands before the offset.</summary>
    public bool HoldsBefore(int partition, CustomerId customer, long offset)
    {
        lock (_lock) return Raw(partition).Below(offset).Any(r => r.Customer.Equals(customer));
    }

    public async Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel)
    {
        var removed = 0L;
        await RunAsync("erase", [
            () =>
            {
                foreach (var table in _population.Values)
                    if (table.TryGetValue(target.Person, out var row) && (row.Applied <= target.Offset || (row.IsGone && row.Applied <= target.SunkBelow))) table.Remove(target.Person);
            },
            () => removed = Raw(target.Partition).Remove(target.Person, target.Offset),
        ]);
        return new Removal(removed);
    }

    // --- inside -------------------------------------------------------------------------------------------------------

    private async Task RunAsync(string operation, Action[] steps)
    {
        await StrikeAsync(operation, FaultMoment.Before);
        for (var i = 0; i < steps.Length; i++)
        {
            if (i > 0) await StrikeAsync(operation, FaultMoment.Middle);
            lock (_lock) steps[i]();
        }
        await StrikeAsync(operation, FaultMoment.After);
    }

    private ValueTask StrikeAsync(string operation, FaultMoment moment) => Fault?.Invoke(operation, moment) ?? default;

    private void Insert(IEnumerable<LogFrame> frames)
    {
        foreach (var frame in frames) Raw(frame.Partition).Add(frame);
    }

    private MemoryRawEvents Raw(int partition) => _raw.TryGetValue(partition, out var raw) ? raw : _raw[partition] = new MemoryRawEvents();

    private RawTotals Totals(int partition, long cut)
    {
        var (events, hash, billing) = (0L, 0UL, (Int128)0);
        foreach (var record in Raw(partition).Below(cut))
            (events, hash, billing) = (events + 1, unchecked(hash + record.ContentHash), billing + record.BillingMinor);
        foreach (var removed in Raw(partition).RemovedBelow(cut))
            (events, hash, billing) = (events + removed.Events, unchecked(hash + removed.HashSum), billing + removed.BillingMinorSum);
        return new RawTotals(partition, events, hash, billing);
    }

    private static State? Fold(CompiledView view, MemoryRawEvents raw, CustomerId customer, long belowOffset)
    {
        var (state, row) = ((State?)null, new EventRow());
        foreach (var record in raw.DistinctOf(customer, belowOffset))
        {
            record.ReadInto(row);
            view.Fold(state ??= new State(), row);
        }
        return state;
    }
}
