using Lambda.Domain.Events;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Estimates;
using Lambda.SpeedLayer.Identity;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Segments;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Embedded;

/// <summary>
/// Keeps `customer_current`: about one insert a second with the customers that changed, and a throttled sweep of all at midnight and after
/// an adoption that may have changed answers, or a model that was fitted anew: a base that was found equal to what it replaces changes no row.
/// While the engine is behind it writes rarely: a customer who changes again and again is then written once, and the processor catches up; it also sweeps a tenth as fast.
/// A new definition fills a table of its own, which takes over when its sweep is complete.
/// </summary>
internal sealed class PopulationWriter
{
    private const int RowsPerWrite = 20_000;
    private const int SweepRowsPerStep = 5_000; // 25,000 a second at most: a million customers within the minute after midnight
    private const long FoldBacklogMax = 50_000; // records; while folding is behind, rows would be stale at once
    private const long SinkBacklogMax = 150_000; // records; more than the largest insert takes, so the sink has no time to spare
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(800);
    private static readonly TimeSpan IntervalBehind = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SweepPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SweepPauseBehind = TimeSpan.FromSeconds(2); // what it sweeps is mostly written again

    private readonly PartitionHost[] _hosts;
    private readonly IPopulation _population;
    private readonly SegmentWatch _segments;
    private readonly IEventLog _log;
    private readonly Func<int, long> _sunkBelow;
    private readonly Func<long> _answersChangedAt;
    private readonly Func<LifetimeModel?> _model;
    private readonly InstallationFacts _facts;
    private readonly TimeProvider _time;
    private readonly PersonRows _persons;
    private readonly Identities _identities;
    private readonly long[] _written;
    private long _linked;
    private IEnumerator<List<(PartitionHost Host, CustomerId Customer)>>? _sweep;
    private string _sweepFor = "";
    private int _sweepDay;
    private bool _segmentsSwept;
    private ViewDefinition? _table;
    private long _lastWriteMs;

    /// <param name="sunkBelow">By partition, the next offset that the sink hands over.</param>
    /// <param name="answersChangedAt">Epoch of the newest base under which answers may be others than before.</param>
    /// <param name="model">What estimates are made with.</param>
    public PopulationWriter(
        PartitionHost[] hosts, Identities identities, IPopulation population, SegmentWatch segments, IEventLog log, Func<int, long> sunkBelow, Func<long> answersChangedAt,
        Func<LifetimeModel?> model, InstallationFacts facts, TimeProvider time)
    {
        (_identities, _persons, _linked) = (identities, new PersonRows(hosts, identities), facts.PopulationLinked);
        (_hosts, _population, _segments, _log, _sunkBelow, _facts, _time) = (hosts, new EstimatingPopulation(population, model), segments, log, sunkBelow, facts, time);
        (_answersChangedAt, _model) = (answersChangedAt, model);
        _written = facts.PopulationWritten(hosts.Length);
        _sweepFor = facts.Swept ?? "";
    }

    /// <summary>Rows written since start.</summary>
    public long Rows { get; private set; }

    /// <summary>Offset below which every change of the partition is in the table: the log keeps what lies behind it.</summary>
    public long WrittenBelow(int partition) => _written[partition];

    /// <summary>Every customer's row is of this day, or newer.</summary>
    public bool IsSweptFor(int day) => _sweep is null && _sweepDay == day && _segmentsSwept;

    /// <summary>Queues the customers whose rows the last process did not write any more.</summary>
    public void Recover()
    {
        foreach (var host in _hosts) host.MarkChangedFrom(_written[host.Partition]);
        _segmentsSwept = _hosts.Count(h => _segments.Load(h.Partition)) == _hosts.Length;
    }

    public async Task<TimeSpan> StepAsync(CancellationToken cancel)
    {
        var began = _time.GetTimestamp();
        await EnsureTableAsync(cancel);
        StartSweepIfDue();
        if (_sweep is not null) await SweepAsync(cancel);
        var (now, isBehind) = (NowMs, IsBehind());
        if (now - _lastWriteMs >= (isBehind ? IntervalBehind : Interval).TotalMilliseconds)
        {
            _lastWriteMs = now;
            await WriteChangedAsync(cancel);
        }
        if (_sweep is null) return Interval / 4;
        var rest = (isBehind ? SweepPauseBehind : SweepPause) - _time.GetElapsedTime(began); // a step that took long is followed by the next at once
        return rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
    }

    private bool IsBehind() => Backlog(h => h.Applied) > FoldBacklogMax || Backlog(h => _sunkBelow(h.Partition)) > SinkBacklogMax;

    private long Backlog(Func<PartitionHost, long> reached) => _hosts.Sum(h => Math.Max(0, _log.EndOffset(h.Partition) - reached(h)));

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private int Today => Clock.DayOfMs(NowMs);

    private async Task EnsureTableAsync(CancellationToken cancel)
    {
        var active = _hosts[0].Epochs.Active.Definition;
        if (_table?.Hash == active.Hash) return;
        await _population.EnsureAsync(active, cancel);
        _table = active;
    }

    private async Task WriteChangedAsync(CancellationToken cancel)
    {
        var taken = new List<(PartitionHost Host, IReadOnlyList<CustomerId> Customers)>();
        var complete = new long[_hosts.Length];
        var left = RowsPerWrite;
        foreach (var host in _hosts)
        {
            var changed = host.TakeChanged(Math.Max(1, left), out complete[host.Partition]);
            taken.Add((host, changed));
            left -= changed.Count;
        }
        var linked = _identities.Number;
        await WriteAsync(linked == 0 ? taken : _persons.Concerned(taken.SelectMany(t => t.Customers).Concat(_identities.ChangedAfter(_linked))), cancel);
        if (Postponed()) return; // the next time is the next that is complete
        RecordWritten(complete);
        if (linked > _linked) _facts.PopulationLinked = _linked = linked;
    }

    private bool Postponed()
    {
        if (_persons.Postponed.Count == 0) return false;
        foreach (var (host, customers) in _persons.Concerned(_persons.Postponed)) host.ReturnChanged(customers);
        _persons.Postponed.Clear();
        return true;
    }

    private void RecordWritten(long[] complete)
    {
        var moved = false;
        for (var p = 0; p < complete.Length; p++)
        {
            if (complete[p] <= _written[p]) continue;
            _written[p] = complete[p];
            moved = true;
        }
        if (moved) _facts.SetPopulationWritten(_written);
    }

    private async Task WriteAsync(IReadOnlyList<(PartitionHost Host, IReadOnlyList<CustomerId> Customers)> taken, CancellationToken cancel)
    {
        if (taken.All(t => t.Customers.Count == 0)) return;
        try
        {
            var (others, segments) = (new List<PopulationRow>(), _segments.Begin());
            await WriteAsync(_table!, RowsOf(taken, _table!, segments, others), cancel);
            foreach (var group in others.GroupBy(r => r.Answer.Definition.Hash)) await WriteAsync(group.First().Answer.Definition, group, cancel);
            segments.Record(SegmentsOn, fence: null);
        }
        catch
        {
            foreach (var (host, customers) in taken) host.ReturnChanged(customers);
            throw;
        }
    }

    private async Task WriteAsync(ViewDefinition definition, IEnumerable<PopulationRow> rows, CancellationToken cancel)
    {
        await _population.EnsureAsync(definition, cancel);
        await _population.WriteAsync(definition, rows, cancel);
    }

    /// <param name="others">Gets what is not of the definition: a partition that adopted a new one meanwhile gives rows of that.</param>
    private IEnumerable<PopulationRow> RowsOf(
        IReadOnlyList<(PartitionHost Host, IReadOnlyList<CustomerId> Customers)> taken, ViewDefinition definition, SegmentPass segments, List<PopulationRow> others)
    {
        foreach (var (host, customers) in taken)
            foreach (var row in _persons.RowsOf(host, customers, Today, _linked))
            {
                Rows++;
                segments.See(row);
                if (row.Answer.Definition.Hash == definition.Hash) yield return row;
                else others.Add(row);
            }
    }

    private bool[]? SegmentsOn(CustomerId customer, int day)
    {
        try
        {
            return _persons.AnswerOn(customer, day)?.Segments;
        }
        catch (MetricOverflowException)
        {
            return null;
        }
    }

    // --- sweep --------------------------------------------------------------------------------------------------------------

    /// <summary>What the table should be swept for: the base that changed answers, the day, and the model where it has columns.</summary>
    private string Wanted(long epoch)
    {
        var model = EstimatingPopulation.EpochOf(_model(), _table!);
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"e{epoch} d{Today}{(model > 0 ? $" m{model}" : "")}");
    }

    private void StartSweepIfDue()
    {
        var epoch = _answersChangedAt();
        var wanted = Wanted(epoch);
        if (_sweep is not null || (_sweepFor == wanted && _segmentsSwept) || _hosts.Any(h => h.Fault is not null || h.Epochs.Published < epoch)) return;
        (_sweepFor, _sweepDay) = (wanted, Today);
        _sweep = Everyone().GetEnumerator();
    }

    private IEnumerable<List<(PartitionHost Host, CustomerId Customer)>> Everyone()
    {
        foreach (var host in _hosts)
            foreach (var chunk in host.Customers().Chunk(SweepRowsPerStep))
                yield return [.. chunk.Select(c => (host, c))];
    }

    private async Task SweepAsync(CancellationToken cancel)
    {
        if (_sweep!.MoveNext())
        {
            var chunk = _sweep.Current;
            await WriteAsync([(chunk[0].Host, chunk.ConvertAll(c => c.Customer))], cancel);
            return;
        }
        _sweep.Dispose();
        _sweep = null;
        foreach (var host in _hosts) _segments.Swept(host.Partition, new SegmentSweep(_table!.Hash, _sweepDay));
        _segmentsSwept = true;
        await _population.ActivateAsync(_table!, cancel);
        _facts.Swept = _sweepFor;
    }
}
