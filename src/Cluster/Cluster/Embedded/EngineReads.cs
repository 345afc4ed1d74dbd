using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;
using Lambda.Warehouse.Client;

namespace Lambda.Cluster.Embedded;

/// <summary>Reads from the partitions of this process; a day too old for the tiles is computed from the customer's raw events.</summary>
internal sealed class EngineReads(PartitionHost[] hosts, IWarehouse warehouse, SinkReach sink, Func<Publication> served, TimeProvider time) : IMemberReads, IRecompute
{
    private static readonly TimeSpan PositionPoll = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan SinkWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly RawEvents _raw = new(warehouse);

    public int PartitionOf(CustomerId customer) => Partitioner.PartitionOf(customer.Utf8, hosts.Length);

    public ValueTask<CustomerRead> ReadAsync(CustomerId customer, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel)
    {
        var host = hosts[PartitionOf(customer)];
        if (atLeast.In(host.Partition) is { } position && host.Applied <= position.Offset) return WaitAndRead(host, customer, asOfDay, position, wait, cancel);
        return Read(host, customer, asOfDay, cancel);
    }

    public async ValueTask<MemberRead> StateAsync(CustomerId customer, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel)
    {
        var host = hosts[PartitionOf(customer)];
        if (atLeast.In(host.Partition) is { } position && !await IsReachedAsync(host, position, wait, cancel)) return MemberRead.Not(new CustomerRead.NotReached(host.Partition, host.Applied));
        if (host.Parts(customer) is not { } parts) return MemberRead.Not(Unavailable(host));
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var (state, source) = (State.MergeAll(Decode(parts.Batch), Decode(parts.Closed), Decode(parts.Open)), SourceOf(parts.Batch is not null, parts.Closed is not null || parts.Open is not null));
        if (!parts.View.TilesCover(asOfDay ?? Clock.DayOfMs(nowMs), Clock.DayOfMs(host.LastAppendedAtMs)))
        {
            if (!await sink.WaitForAsync(host.Partition, parts.Applied, SinkWait, cancel)) return MemberRead.Not(Lagging(host));
            (state, source) = (await FromWarehouse(_raw.StateAsync(parts.View, host.Partition, customer, parts.Applied, cancel)), ReadSource.Raw);
        }
        return new MemberRead(null, parts.View, state, parts.Epoch, host.Partition, parts.Applied, host.FreshnessMs(parts.Applied, nowMs), source);
    }

    public async ValueTask<IReadOnlyList<CustomerRead>> ReadManyAsync(IReadOnlyList<CustomerId> customers, int? asOfDay, CancellationToken cancel)
    {
        var reads = new CustomerRead[customers.Count];
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var day = asOfDay ?? Clock.DayOfMs(nowMs);
        foreach (var group in Enumerable.Range(0, customers.Count).GroupBy(i => PartitionOf(customers[i])))
        {
            int[] indexes = [.. group];
            var (host, overflows) = (hosts[group.Key], new Dictionary<int, string>());
            var readouts = host.ReadMany([.. indexes.Select(i => customers[i])], day, overflows);
            for (var i = 0; i < indexes.Length; i++)
                reads[indexes[i]] = overflows.TryGetValue(i, out var metric)
                    ? new CustomerRead.Overflow(metric)
                    : await Outcome(host, customers[indexes[i]], readouts[i], day, nowMs, cancel);
        }
        return reads;
    }

    public ValueTask<CustomerParts?> PartsAsync(CustomerId customer, CancellationToken cancel)
    {
        var host = hosts[PartitionOf(customer)];
        if (host.Parts(customer) is not { } parts) throw new EngineUnavailableException(((CustomerRead.Unavailable)Unavailable(host)).Reason, RetryAfter);
        if (parts is { Batch: null, Closed: null, Open: null }) return new((CustomerParts?)null);
        var publication = served();
        return new(new CustomerParts(parts.View, Decode(parts.Batch), Decode(parts.Closed), Decode(parts.Open), parts.Epoch, host.Partition, parts.Applied,
            publication.Epoch == parts.Epoch ? publication.Cut[host.Partition] : null));
    }

    private static State? Decode(byte[]? encoded) => encoded is null ? null : State.Decode(encoded);

    public async ValueTask<IReadOnlyList<CustomerEventRow>> EventsAsync(CustomerId customer, EventCursor? before, int limit, CancellationToken cancel)
    {
        var partition = PartitionOf(customer);
        (long, long)? cursor = before is { } b ? (b.OccurredAtMicros, b.Offset) : null;
        // What is durable now shall be in the list, and what was erased in none of its pages: the sink is at most about a second behind.
        if (!await sink.WaitForAsync(partition, hosts[partition].Applied, SinkWait, cancel))
            throw new EngineUnavailableException($"partition {partition}: the warehouse lags behind; events are listed from there", RetryAfter);
        var events = await FromWarehouse(warehouse.EventsAsync(partition, customer, cursor, limit, cancel));
        return [.. events.Select(e => new CustomerEventRow(partition, e.Offset, e.OccurredAtMicros, e.AppendedAtMs, e.Body))];
    }

    public async Task<Answer?> RecomputeAsync(CustomerId customer, long belowOffset, int asOfDay, CancellationToken cancel)
    {
        var partition = PartitionOf(customer);
        await sink.WaitForAsync(partition, belowOffset, SinkWait, cancel);
        var view = hosts[partition].Epochs.Active;
        var state = await warehouse.RecomputeCustomerAsync(view, partition, customer, belowOffset, cancel);
        return state is null ? null : view.Finish(state, null, null, asOfDay);
    }

    private async ValueTask<CustomerRead> WaitAndRead(PartitionHost host, CustomerId customer, int? asOfDay, Position atLeast, TimeSpan wait, CancellationToken cancel)
    {
        if (!await IsReachedAsync(host, atLeast, wait, cancel)) return new CustomerRead.NotReached(host.Partition, host.Applied);
        return await Read(host, customer, asOfDay, cancel);
    }

    private async Task<bool> IsReachedAsync(PartitionHost host, Position atLeast, TimeSpan wait, CancellationToken cancel)
    {
        for (var since = time.GetTimestamp(); host.Applied <= atLeast.Offset;)
        {
            if (time.GetElapsedTime(since) > wait) return false;
            await Task.Delay(PositionPoll, time, cancel);
        }
        return true;
    }

    private ValueTask<CustomerRead> Read(PartitionHost host, CustomerId customer, int? asOfDay, CancellationToken cancel)
    {
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var day = asOfDay ?? Clock.DayOfMs(nowMs);
        try
        {
            return Outcome(host, customer, host.Read(customer, day), day, nowMs, cancel);
        }
        catch (MetricOverflowException e)
        {
            return new(new CustomerRead.Overflow(e.Metric));
        }
    }

    private ValueTask<CustomerRead> Outcome(PartitionHost host, CustomerId customer, Readout read, int day, long nowMs, CancellationToken cancel) => read.Outcome switch
    {
        ReadOutcome.Found => new(new CustomerRead.Found(read.Answer!, read.Epoch, host.Partition, read.Applied, host.FreshnessMs(read.Applied, nowMs), SourceOf(read))),
        ReadOutcome.Unknown => new(new CustomerRead.Unknown()),
        ReadOutcome.NeedsRawEvents => ReadRaw(host, customer, day, nowMs, cancel),
        ReadOutcome.Unavailable => new(Unavailable(host)),
        _ => throw new InvalidOperationException($"unknown outcome {read.Outcome}"),
    };

    private async ValueTask<CustomerRead> ReadRaw(PartitionHost host, CustomerId customer, int day, long nowMs, CancellationToken cancel)
    {
        var (applied, epochs) = (host.Applied, host.Epochs);
        if (!await sink.WaitForAsync(host.Partition, applied, SinkWait, cancel))
            return Lagging(host);
        try
        {
            var state = await FromWarehouse(_raw.StateAsync(epochs.Active, host.Partition, customer, applied, cancel));
            if (state is null) return new CustomerRead.Unknown();
            var answer = epochs.Active.Finish(state, null, null, day);
            return new CustomerRead.Found(answer, epochs.Published, host.Partition, applied, host.FreshnessMs(applied, nowMs), ReadSource.Raw);
        }
        catch (MetricOverflowException e)
        {
            return new CustomerRead.Overflow(e.Metric);
        }
    }

    /// <summary>A warehouse that is away for the moment is no error of ours: the caller may come back.</summary>
    private static async Task<T> FromWarehouse<T>(Task<T> answer)
    {
        try
        {
            return await answer;
        }
        catch (ClickHouseException e) when (e.Fault == Fault.Transient)
        {
            throw new EngineUnavailableException($"the warehouse does not answer: {e.Message}", RetryAfter);
        }
    }

    private static CustomerRead Unavailable(PartitionHost host) => host.Fault is { } fault
        ? new CustomerRead.Unavailable($"partition {host.Partition} has stopped: {fault.Message}", TimeSpan.FromSeconds(30))
        : new CustomerRead.Unavailable($"partition {host.Partition} is replaying its log", RetryAfter);

    private static CustomerRead Lagging(PartitionHost host) =>
        new CustomerRead.Unavailable($"partition {host.Partition}: the warehouse lags behind; a day this old is answered from raw events there", RetryAfter);

    private static ReadSource SourceOf(Readout read) => SourceOf(read.FromBase, read.FromSpeed);

    private static ReadSource SourceOf(bool fromBase, bool fromSpeed) => (fromBase, fromSpeed) switch
    {
        (true, true) => ReadSource.Merged,
        (true, false) => ReadSource.Batch,
        _ => ReadSource.Speed,
    };
}

/// <summary>How far the sink has handed over, and waiting for it.</summary>
internal sealed class SinkReach(Func<int, long> next)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private int _waiting;

    /// <summary>True while somebody waits: the sink then inserts what it has.</summary>
    public bool IsUrgent => Volatile.Read(ref _waiting) > 0;

    /// <returns>False when the time was up first.</returns>
    public async Task<bool> WaitForAsync(int partition, long offset, TimeSpan atMost, CancellationToken cancel)
    {
        if (next(partition) >= offset) return true;
        Interlocked.Increment(ref _waiting);
        try
        {
            for (var until = Environment.TickCount64 + (long)atMost.TotalMilliseconds; next(partition) < offset;)
            {
                if (Environment.TickCount64 > until) return false;
                await Task.Delay(Poll, cancel);
            }
            return true;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
