using System.Globalization;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Simulation;

/// <summary>What a scenario did and checked.</summary>
public sealed record ScenarioReport(ulong Seed, long Events, long Reads, long Crashes, long Published, long Failed, long Abandoned, long Rebuilds,
    long LateRepeats, long DefinitionChanges, long Erasures, long Removed, long Merges, long PersonReads);

/// <summary>An answer was not what the events say: the seed replays it.</summary>
public sealed class LawBrokenException(string message) : Exception(message);

/// <summary>
/// One seeded life of an installation: appends, folds, inserts, runs, publications, crashes at any effect, lost checkpoints, abandoned runs,
/// changed definitions, jumps of time, retention; reads all the time, each held against the oracle. The same seed does the same thing for ever.
/// </summary>
public sealed class Scenario
{
    private readonly Chance _chance;
    private readonly World _world;
    private readonly RandomEvents _events;
    private readonly IReadOnlyList<ViewDefinition> _definitions;
    private readonly ulong _seed;
    private readonly List<string> _trail = [];
    private readonly Chance _readers, _merging;
    private readonly Persons _persons;
    private readonly int _readsPerStep;
    private readonly Dictionary<string, Expectations> _expected = [];
    private long _reads, _personReads, _rebuilds;
    private int _runs;

    /// <param name="readsPerStep">Reads after every step besides those of the scenario's own life, which stays the same with any number of them.</param>
    public Scenario(ulong seed, IReadOnlyList<ViewDefinition> definitions, int readsPerStep = 0)
    {
        (_seed, _definitions, _chance, _readers, _readsPerStep) = (seed, definitions, new Chance(seed), new Chance(~seed), readsPerStep);
        var customers = 2 + _chance.Below(12);
        _world = new World(_chance, definitions, 1 + _chance.Below(3), _chance.Pick([3_600_000L, Clock.MsPerDay, 7 * Clock.MsPerDay]));
        _world.Faults.OneIn = _chance.Pick([0, 10, 25, 60]);
        _events = new RandomEvents(_chance, customers);
        _merging = new Chance(seed ^ 0x1d);
        _persons = new Persons(_world, _merging, customers);
    }

    /// <exception cref="LawBrokenException">Names the seed, the step, the customer and both answers.</exception>
    public async Task<ScenarioReport> RunAsync(int steps)
    {
        try
        {
            for (var i = 0; i < steps; i++) await StepAsync(i);
            await SettleAsync();
        }
        catch (Exception e) when (e is not LawBrokenException)
        {
            throw new LawBrokenException($"seed {_seed}: {e.GetType().Name}: {e.Message}\n{e.StackTrace}\nlast steps: {Trail()}");
        }
        var runs = _world.Runner.History.Runs;
        return new ScenarioReport(
            _seed, _world.Mirror.Events, _reads, _world.Faults.Crashes, runs.Count(r => r.Stage == BatchLayer.Runs.RunStage.Published),
            runs.Count(r => r.Stage == BatchLayer.Runs.RunStage.Failed), runs.Count(r => r.Stage == BatchLayer.Runs.RunStage.Abandoned), _rebuilds,
            runs.Sum(r => r.Checks?.LateRepeats ?? 0), runs.Zip(runs.Skip(1)).Count(p => p.First.DefinitionHash != p.Second.DefinitionHash), _world.Mirror.Erasures,
            _world.Erasing.All.Count(e => e.State == BatchLayer.Privacy.ErasureState.Removed), _persons.Merges, _personReads);
    }

    private async Task StepAsync(int step)
    {
        var action = _chance.Below(100);
        _trail.Add(string.Create(CultureInfo.InvariantCulture, $"{step}:{action}"));
        await (action switch
        {
            < 16 => Append(),
            < 19 => Do(AdvanceTime),
            < 37 => OnHost(p => _world.Host(p).Step(1 + _chance.Below(4000))),
            < 41 => OnHost(p => _world.Host(p).RequestCheckpoint()),
            < 44 => Do(() => RestartHost(_chance.Below(_world.Partitions))),
            < 45 => Do(_world.RestartAll),
            < 53 => Guarded(() => _world.Pump.StepAsync(_chance.OneIn(2), default), _world.RestartSink),
            < 56 => Guarded(StartRun, _world.RestartRunner),
            < 74 => Guarded(() => _world.Runner.StepAsync(default), _world.RestartRunner),
            < 76 => Guarded(() => _world.Runner.AbandonAsync("the scenario says so", default), _world.RestartRunner),
            < 81 => OnHost(_world.Adopt),
            < 82 => _world.TruncateAsync(_chance.Below(_world.Partitions)),
            < 83 => _world.CleanUpAsync(),
            < 87 => OnHost(CheckPopulation),
            < 88 => Guarded(() => _world.Erasing.AskAsync(CustomerId.From($"c{_chance.Below(8)}")), () => { }),
            < 92 => Guarded(_world.Erasing.StepAsync, () => { }),
            _ => Do(() => CheckSomeone(_chance)),
        });
        _world.Mirror.CatchUp();
        if (_merging.OneIn(6)) _persons.Change();
        if (_merging.OneIn(3)) CheckPerson($"c{_merging.Below(16)}", _merging.OneIn(4) ? _merging.Below(30) : 0);
        for (var i = 0; i < _readsPerStep; i++) CheckSomeone(_readers);
    }

    // --- actions ------------------------------------------------------------------------------------------------------------

    private Task Append() => Guarded(async () =>
    {
        var batch = new AppendBatch(_world.Partitions);
        for (var n = 1 + _chance.Below(25); n > 0; n--)
        {
            var record = _events.Next(_world.Time.NowMs);
            batch.Add(Partitioner.PartitionOf(RecordCodec.CustomerIdOf(record), _world.Partitions), record);
        }
        await _world.Log.AppendAsync(batch, default);
    }, () => { });

    private void AdvanceTime() => _world.Time.Advance(_chance.Below(6) switch
    {
        0 => _chance.Between(0, 3 * Clock.MsPerDay),
        1 => _chance.Between(0, 3_600_000),
        2 or 3 => _chance.Between(_world.HorizonMs / 3, _world.HorizonMs),
        _ => _chance.Between(0, 5_000),
    });

    private async Task StartRun()
    {
        // Often the same again as last time, which may not have been published: its delta must begin anew.
        var last = _world.Runner.History.Runs is [.., var run] ? run.DefinitionHash : _world.Served.DefinitionHash;
        var definition = _chance.OneIn(2) ? last : _chance.OneIn(2) ? _chance.Pick(_definitions).Hash : _world.Served.DefinitionHash;
        await _world.Runner.StartAsync($"run-{_runs++}", definition);
    }

    private void RestartHost(int partition)
    {
        if (_chance.OneIn(3))
        {
            _world.LoseCheckpoint(partition);
            _rebuilds++;
        }
        _world.StartHost(partition);
    }

    private Task OnHost(Action<int> act)
    {
        var partition = _chance.Below(_world.Partitions);
        return Guarded(() =>
        {
            act(partition);
            return Task.CompletedTask;
        }, () => _world.StartHost(partition));
    }

    private static async Task Guarded(Func<Task> act, Action restart)
    {
        try
        {
            await act();
        }
        catch (SimulatedCrash)
        {
            restart();
        }
    }

    private static Task Do(Action act)
    {
        act();
        return Task.CompletedTask;
    }

    /// <summary>No more faults: everything is applied, sunk, published and served, then every customer is checked.</summary>
    private async Task SettleAsync()
    {
        _world.Faults.OneIn = 0;
        _world.RestartAll();
        await DrainAsync();
        await DrainRunAsync();
        await _world.Runner.StartAsync("run-last", _world.Served.DefinitionHash);
        await DrainRunAsync();
        if (_world.Runner.History.Runs[^1] is { Stage: not BatchLayer.Runs.RunStage.Published } run)
            throw new LawBrokenException($"seed {_seed}: the last run ended {run.Stage}: {string.Join("; ", run.Reasons)}");
        // The warehouse of a simulation is right, so a run that found a difference is itself what broke the law.
        foreach (var failed in _world.Runner.History.Runs.Where(r => r.Stage == BatchLayer.Runs.RunStage.Failed))
            throw new LawBrokenException($"seed {_seed}: {failed.Id} failed: {string.Join("; ", failed.Reasons)}");
        foreach (var customer in _world.Mirror.Customers)
        {
            Check(customer, _chance.Below(3));
            CheckPerson(customer, _merging.Below(3));
        }
        await RemoveAllAsync();
        foreach (var customer in _world.Mirror.Customers) Check(customer, _chance.Below(3));
    }

    /// <summary>Nothing hinders removal now: every erasure that was asked for ends, and nothing is left of it; the next run finds everything in order.</summary>
    private async Task RemoveAllAsync()
    {
        for (var p = 0; p < _world.Partitions; p++) _world.Host(p).RequestCheckpoint();
        await DrainAsync();
        _world.Time.Advance(61_000);
        for (var i = 0; i < 3; i++) await _world.Erasing.StepAsync();
        foreach (var erasure in _world.Erasing.All)
        {
            if (erasure.IsOpen) throw new LawBrokenException($"seed {_seed}: erasure {erasure.Partition}:{erasure.Offset} is still {erasure.State}: {erasure.Waits}");
            if (erasure.State == BatchLayer.Privacy.ErasureState.Removed && _world.LeftOf(CustomerId.From(erasure.Pseudonym[2..]), erasure.Partition, erasure.Offset) is { } left)
                throw new LawBrokenException($"seed {_seed}: {erasure.Pseudonym} was removed before {erasure.Partition}:{erasure.Offset}, but {left}");
        }
        await _world.Runner.StartAsync("run-behind-removal", _world.Served.DefinitionHash);
        await DrainRunAsync();
        if (_world.Runner.History.Runs[^1] is { Stage: not BatchLayer.Runs.RunStage.Published } run)
            throw new LawBrokenException($"seed {_seed}: the run behind the removals ended {run.Stage}: {string.Join("; ", run.Reasons)}");
    }

    private async Task DrainAsync()
    {
        for (var p = 0; p < _world.Partitions; p++)
        {
            while (_world.Host(p).Step(int.MaxValue)) { }
            _world.Adopt(p);
        }
        while (await _world.Pump.StepAsync(flush: true, default) > 0) { }
        _world.Mirror.CatchUp();
    }

    private async Task DrainRunAsync()
    {
        while (_world.Runner.History.Active is not null)
        {
            await _world.Runner.StepAsync(default);
            await DrainAsync();
        }
        await DrainAsync();
    }

    // --- checks -------------------------------------------------------------------------------------------------------------

    private void CheckSomeone(Chance chance)
    {
        _world.Mirror.CatchUp();
        Check($"c{chance.Below(16)}", chance.OneIn(4) ? chance.Below(30) : 0);
    }

    private void Check(string customer, int daysAgo)
    {
        var partition = LogMirror.PartitionOf(customer, _world.Partitions);
        var asOf = Clock.DayOfMs(_world.Time.NowMs) - daysAgo;
        Readout? read = null;
        string? overflow = null;
        try
        {
            read = _world.Host(partition).Read(CustomerId.From(customer), asOf);
        }
        catch (MetricOverflowException e)
        {
            overflow = e.Metric;
        }
        if (read?.Outcome is ReadOutcome.Unavailable or ReadOutcome.NeedsRawEvents) return;
        _reads++;
        var host = _world.Host(partition);
        Compare(customer, partition, host.Epochs.Published, host.Applied, asOf, read?.Answer, overflow);
        if (overflow is null && host.Parts(CustomerId.From(customer)) is { } parts) Compare(customer, partition, parts.Epoch, parts.Applied, asOf, Finished(parts, asOf), null);
    }

    private void CheckPerson(string customer, int daysAgo)
    {
        if (_persons.Check(customer, Clock.DayOfMs(_world.Time.NowMs) - daysAgo) is not { } difference) return;
        _personReads++;
        if (difference.Length > 0) throw new LawBrokenException($"seed {_seed}: {difference}\nlast steps: {Trail()}");
    }

    /// <summary>The parts that explain an answer are those of the answer.</summary>
    private static Answer? Finished(CustomerStates parts, int asOf) => parts is { Batch: null, Closed: null, Open: null }
        ? null
        : parts.View.Finish(parts.Batch ?? [], parts.Closed is null ? null : State.Decode(parts.Closed), parts.Open is null ? null : State.Decode(parts.Open), asOf);

    private void CheckPopulation(int partition)
    {
        var host = _world.Host(partition);
        foreach (var row in host.RowsOf(host.TakeChanged(50, out _), Clock.DayOfMs(_world.Time.NowMs)))
        {
            _reads++;
            Compare(row.Customer.ToString(), partition, row.Epoch, row.Applied, row.Answer.AsOfDay, row.IsGone ? null : row.Answer, null);
        }
    }

    private void Compare(string customer, int partition, long epoch, long applied, int asOf, Answer? served, string? overflow)
    {
        if (!_expected.TryGetValue(customer, out var expected) || expected.At != (epoch, applied))
            _expected[customer] = expected = Expect(customer, partition, epoch, applied);
        if (expected.For(asOf).Matches(served, overflow) is { } difference)
            throw new LawBrokenException(
                $"seed {_seed}: customer {customer} at {partition}:{applied}, epoch {epoch}, as of day {asOf}: {difference}\n"
                + $"cut {_world.PublicationOf(epoch).Cut}, published under {expected.Definition.Hash[..8]}, counting {string.Join(' ', expected.Counting.Select(e => $"{e.Offset}={e.EventId}"))}\nlast steps: {Trail()}");
    }

    private Expectations Expect(string customer, int partition, long epoch, long applied)
    {
        var publication = _world.PublicationOf(epoch);
        var counting = _world.Mirror.Counting(customer, publication.Cut[partition], applied, _world.HorizonMs);
        return new Expectations((epoch, applied), _world.Views.ByHash(publication.DefinitionHash).Definition, counting);
    }

    private string Trail() => string.Join(' ', _trail.TakeLast(40));
}
