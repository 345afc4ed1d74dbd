#if CLUSTER_RUNTIME && KAFKA
using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Node;
using Lambda.Cluster.Embedded;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;
using Lambda.Warehouse.Client;

namespace Lambda.Cluster.Clustered;

/// <summary>
/// Reads from partitions wherever they are: their node gives the three parts, this one merges and finishes them for the day asked for. A day too old for the
/// tiles is computed from the customer's raw events.
/// </summary>
internal sealed class ClusterReads(ClusterNode node, IViewCatalog views, IWarehouse warehouse, ISinkProgressStore sunk, Func<Publication> served, TimeProvider time) : IMemberReads, IRecompute
{
    private static readonly TimeSpan SinkWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SinkPoll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly RawEvents _raw = new(warehouse);

    public int PartitionOf(CustomerId customer) => Partitioner.PartitionOf(customer.Utf8, node.Partitions.Partitions);

    public async ValueTask<CustomerRead> ReadAsync(CustomerId customer, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel)
    {
        var partition = PartitionOf(customer);
        var part = await node.Partitions.ReadAsync(partition, customer, atLeast.In(partition)?.Offset ?? -1, wait, cancel);
        return await OutcomeAsync(customer, partition, part, Day(asOfDay), cancel);
    }

    public async ValueTask<MemberRead> StateAsync(CustomerId customer, int? asOfDay, IReadOnlyList<Position>? atLeast, TimeSpan wait, CancellationToken cancel)
    {
        var partition = PartitionOf(customer);
        var part = await node.Partitions.ReadAsync(partition, customer, atLeast.In(partition)?.Offset ?? -1, wait, cancel);
        if (part.Outcome is not (PartOutcome.Found or PartOutcome.Unknown)) return MemberRead.Not(await OutcomeAsync(customer, partition, part, Day(asOfDay), cancel));
        var view = views.ByHash(part.Definition);
        var (state, source) = (State.MergeAll(Decode(part.Batch), Decode(part.Closed), Decode(part.Open)), SourceOf(part));
        if (!view.TilesCover(Day(asOfDay), Clock.DayOfMs(part.LastAppendedAtMs)))
        {
            if (!await WaitForSinkAsync(partition, part.Applied, cancel)) return MemberRead.Not(Lagging(partition));
            (state, source) = (await FromWarehouse(_raw.StateAsync(view, partition, customer, part.Applied, cancel)), ReadSource.Raw);
        }
        return new MemberRead(null, view, state, part.Epoch, partition, part.Applied, part.FreshnessMs, source);
    }

    /// <summary>Reads of one partition go to its node together.</summary>
    public async ValueTask<IReadOnlyList<CustomerRead>> ReadManyAsync(IReadOnlyList<CustomerId> customers, int? asOfDay, CancellationToken cancel)
    {
        var day = Day(asOfDay);
        var groups = Enumerable.Range(0, customers.Count).GroupBy(i => PartitionOf(customers[i])).ToList();
        var reads = new CustomerRead[customers.Count];
        await Task.WhenAll(groups.Select(async group =>
        {
            int[] indexes = [.. group];
            var parts = await node.Partitions.ReadManyAsync(group.Key, [.. indexes.Select(i => customers[i])], cancel);
            for (var i = 0; i < indexes.Length; i++) reads[indexes[i]] = await OutcomeAsync(customers[indexes[i]], group.Key, parts[i], day, cancel);
        }));
        return reads;
    }

    private int Day(int? asOfDay) => asOfDay ?? Clock.DayOfMs(time.GetUtcNow().ToUnixTimeMilliseconds());

    private async ValueTask<CustomerRead> OutcomeAsync(CustomerId customer, int partition, ReadPart part, int day, CancellationToken cancel) => part.Outcome switch
    {
        PartOutcome.Found => await FinishAsync(customer, partition, part, day, cancel),
        PartOutcome.Unknown => new CustomerRead.Unknown(),
        PartOutcome.NotReached => new CustomerRead.NotReached(partition, part.Applied),
        PartOutcome.Unavailable => new CustomerRead.Unavailable(part.Reason ?? "", RetryAfter),
        PartOutcome.Stopped => new CustomerRead.Unavailable(part.Reason ?? "", TimeSpan.FromSeconds(30)),
        _ => throw new InvalidOperationException($"unknown outcome {part.Outcome}"),
    };

    private async ValueTask<CustomerRead> FinishAsync(CustomerId customer, int partition, ReadPart part, int day, CancellationToken cancel)
    {
        var view = views.ByHash(part.Definition);
        try
        {
            if (!view.TilesCover(day, Clock.DayOfMs(part.LastAppendedAtMs))) return await ReadRawAsync(customer, partition, part, view, day, cancel);
            var answer = view.Finish(part.Batch ?? [], Decode(part.Closed), Decode(part.Open), day);
            return new CustomerRead.Found(answer, part.Epoch, partition, part.Applied, part.FreshnessMs, SourceOf(part));
        }
        catch (MetricOverflowException e)
        {
            return new CustomerRead.Overflow(e.Metric);
        }
    }

    public async ValueTask<CustomerParts?> PartsAsync(CustomerId customer, CancellationToken cancel)
    {
        var partition = PartitionOf(customer);
        var part = await node.Partitions.ReadAsync(partition, customer, -1, TimeSpan.Zero, cancel);
        if (part.Outcome == PartOutcome.Unknown) return null;
        if (part.Outcome != PartOutcome.Found) throw new EngineUnavailableException(part.Reason ?? $"partition {partition} cannot answer", RetryAfter);
        var publication = served();
        return new CustomerParts(views.ByHash(part.Definition), Decode(part.Batch), Decode(part.Closed), Decode(part.Open), part.Epoch, partition, part.Applied,
            publication.Epoch == part.Epoch ? publication.Cut[partition] : null);
    }

    public async ValueTask<IReadOnlyList<CustomerEventRow>> EventsAsync(CustomerId customer, EventCursor? before, int limit, CancellationToken cancel)
    {
        var partition = PartitionOf(customer);
        (long, long)? cursor = before is { } b ? (b.OccurredAtMicros, b.Offset) : null;
        // What is durable now shall be in the list, and what was erased in none of its pages: the sink is at most about a second behind.
        var now = await node.Reports.AskAsync(partition, cancel) ?? throw new EngineUnavailableException($"partition {partition} does not answer", RetryAfter);
        if (!await WaitForSinkAsync(partition, now.Applied, cancel)) throw new EngineUnavailableException($"partition {partition}: the warehouse lags behind; events are listed from there", RetryAfter);
        var events = await FromWarehouse(warehouse.EventsAsync(partition, customer, cursor, limit, cancel));
        return [.. events.Select(e => new CustomerEventRow(partition, e.Offset, e.OccurredAtMicros, e.AppendedAtMs, e.Body))];
    }

    public async Task<Answer?> RecomputeAsync(CustomerId customer, long belowOffset, int asOfDay, CancellationToken cancel)
    {
        var partition = PartitionOf(customer);
        await WaitForSinkAsync(partition, belowOffset, cancel);
        var definition = (await node.Reports.AskAsync(partition, cancel))?.Definition ?? throw new EngineUnavailableException($"partition {partition} does not answer", RetryAfter);
        var view = views.ByHash(definition);
        var state = await warehouse.RecomputeCustomerAsync(view, partition, customer, belowOffset, cancel);
        return state is null ? null : view.Finish(state, null, null, asOfDay);
    }

    private async ValueTask<CustomerRead> ReadRawAsync(CustomerId customer, int partition, ReadPart part, CompiledView view, int day, CancellationToken cancel)
    {
        if (!await WaitForSinkAsync(partition, part.Applied, cancel)) return Lagging(partition);
        var state = await FromWarehouse(_raw.StateAsync(view, partition, customer, part.Applied, cancel));
        if (state is null) return new CustomerRead.Unknown();
        return new CustomerRead.Found(view.Finish(state, null, null, day), part.Epoch, partition, part.Applied, part.FreshnessMs, ReadSource.Raw);
    }

    private async Task<bool> WaitForSinkAsync(int partition, long offset, CancellationToken cancel)
    {
        for (var since = time.GetTimestamp(); sunk.Load(partition).Next < offset;)
        {
            if (time.GetElapsedTime(since) > SinkWait) return false;
            node.Partitions.Tell(new FlushSink(partition));
            await Task.Delay(SinkPoll, time, cancel);
        }
        return true;
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

    private static CustomerRead Lagging(int partition) =>
        new CustomerRead.Unavailable($"partition {partition}: the warehouse lags behind; a day this old is answered from raw events there", RetryAfter);

    private static State? Decode(byte[]? delta) => delta is null ? null : State.Decode(delta);

    private static ReadSource SourceOf(ReadPart part) => (part.Batch is not null, part.Closed is not null || part.Open is not null) switch
    {
        (true, true) => ReadSource.Merged,
        (true, false) => ReadSource.Batch,
        _ => ReadSource.Speed,
    };
}
#endif
