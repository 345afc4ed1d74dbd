#if CLUSTER_RUNTIME && KAFKA
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Clustered;

/// <summary>
/// Collects what the partitions of a node write at about the same time into one write: an insert costs ClickHouse and its client some milliseconds however few
/// its rows are, and a node hosts many partitions.
/// </summary>
/// <param name="window">How long the first to come waits for others.</param>
internal sealed class Gathering<T>(TimeSpan window, Func<IReadOnlyList<T>, CancellationToken, Task> write)
{
    private readonly Lock _gate = new();
    private List<T> _waiting = [];
    private Task? _next;

    /// <summary>Completes when the write that took this one along is done; fails with it.</summary>
    public Task AddAsync(T one, CancellationToken cancel)
    {
        lock (_gate)
        {
            _waiting.Add(one);
            return (_next ??= WriteSoonAsync()).WaitAsync(cancel);
        }
    }

    private async Task WriteSoonAsync()
    {
        await Task.Delay(window);
        List<T> taken;
        lock (_gate) (taken, _waiting, _next) = (_waiting, [], null);
        await write(taken, CancellationToken.None);
    }
}

/// <summary>One insert of raw events for all partitions of this node. A row that the warehouse refuses concerns only the partition it is of.</summary>
internal sealed class GatheredRawEvents : IRawEvents
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(400);

    private readonly IRawEvents _events;
    private readonly Gathering<IReadOnlyList<LogFrame>> _gathering;

    public GatheredRawEvents(IRawEvents events)
    {
        _events = events;
        _gathering = new Gathering<IReadOnlyList<LogFrame>>(Window, (all, cancel) => events.InsertAsync([.. all.SelectMany(f => f)], cancel));
    }

    public async Task InsertAsync(IReadOnlyList<LogFrame> frames, CancellationToken cancel)
    {
        try
        {
            await _gathering.AddAsync(frames, cancel);
        }
        catch (RowRefusedException)
        {
            await _events.InsertAsync(frames, cancel); // who wrote the row hears of it again; repeats of the others' rows are removed at read
        }
    }
}

/// <summary>One insert into the population table for all partitions of this node.</summary>
internal sealed class GatheredPopulation(IPopulation population) : IPopulation
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(600);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (Task Made, Gathering<IEnumerable<PopulationRow>> Rows)> _tables = [];

    /// <summary>Asked once for each definition.</summary>
    public Task EnsureAsync(ViewDefinition definition, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (_tables.TryGetValue(definition.Hash, out var table) && !table.Made.IsFaulted) return table.Made.WaitAsync(cancel);
            var made = population.EnsureAsync(definition, CancellationToken.None);
            _tables[definition.Hash] = (made, new Gathering<IEnumerable<PopulationRow>>(Window, (all, ct) => population.WriteAsync(definition, all.SelectMany(r => r), ct)));
            return made.WaitAsync(cancel);
        }
    }

    public Task WriteAsync(ViewDefinition definition, IEnumerable<PopulationRow> rows, CancellationToken cancel)
    {
        Gathering<IEnumerable<PopulationRow>> table;
        lock (_gate) table = _tables[definition.Hash].Rows;
        return table.AddAsync(rows, cancel);
    }

    public Task ActivateAsync(ViewDefinition definition, CancellationToken cancel) => population.ActivateAsync(definition, cancel);
}
#endif
