using System.Globalization;
using Lambda.Cluster.Actors;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Simulation.Actors.Ground;
using Lambda.Simulation.Actors.Nodes;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Simulation.Actors;

/// <summary>
/// One seeded life of a cluster: what <see cref="Scenario"/> does to an installation, and what only a cluster has. Partitions and the run actor move in the
/// middle of everything, two owners at once, processes that freeze and go on, nodes cut off from each other or from the stores, messages lost, doubled and late.
/// Reads all the time, from any node, each held against the oracle. The same seed does the same thing for ever.
/// </summary>
public sealed class ClusterScenario
{
    private readonly ulong _seed;
    private readonly Chance _chance;
    private readonly ClusterWorld _world;
    private readonly RandomEvents _events;
    private readonly int _customers;
    private readonly List<string> _trail = [];
    private readonly FaultRates _faults;
    private long _rebuilds;

    public ClusterScenario(ulong seed, IReadOnlyList<ViewDefinition> definitions)
    {
        (_seed, _chance) = (seed, new Chance(seed));
        _world = new ClusterWorld(_chance, definitions);
        _customers = 2 + _chance.Below(12);
        _events = new RandomEvents(_chance, _customers);
        _faults = new FaultRates(_chance.Pick([0, 400, 1_500]), _chance.Pick([0, 60, 300]));
        _world.Network.Rates = _chance.Pick([new NetworkRates(0, 0, 0, 8), new NetworkRates(0, 12, 10, 8), new NetworkRates(12, 12, 10, 4)]);
    }

    private Installation Ground => _world.Ground;

    /// <exception cref="LawBrokenException">Names the seed, the step and what is wrong.</exception>
    public ClusterReport Run(int steps)
    {
        try
        {
            _world.Loop.Pass(2_000);
            _world.Rates = _faults;
            for (var i = 0; i < steps; i++)
            {
                Step(i);
                ThrowIfBroken();
            }
            new Settling(_world, ThrowIfBroken).Run(_chance);
        }
        catch (Exception e) when (e is not LawBrokenException || !e.Message.StartsWith("seed", StringComparison.Ordinal))
        {
            throw new LawBrokenException($"seed {_seed}: {(e is LawBrokenException ? e.Message : e)}\nlast steps: {Trail()}");
        }
        var runs = Ground.History().Runs;
        return new ClusterReport(
            _seed, Ground.Mirror.Events, _world.Law.Reads, _world.Law.Refusals, _world.Law.Rows, _world.Crashes + _world.Nodes.Sum(n => n.Faults.Crashes), _world.Moves,
            Ground.Grants.Sum(g => g.Count), Ground.Fenced, runs.Count(r => r.Stage == BatchLayer.Runs.RunStage.Published), runs.Count(r => r.Stage == BatchLayer.Runs.RunStage.Abandoned),
            _rebuilds, _world.Loop.Turns, Ground.Mirror.Erasures);
    }

    private void Step(int step)
    {
        var action = _chance.Below(100);
        _trail.Add(string.Create(CultureInfo.InvariantCulture, $"{step}:{action}"));
        var slot = _chance.Below(_world.Nodes.Count);
        var node = _world.Nodes[slot];
        var what = _chance.Below(_world.Partitions);
        switch (action)
        {
            case < 16: Append(); break;
            case < 34: _world.Loop.Pass(_chance.Below(120)); break;
            case < 40: _world.Loop.Pass(_chance.Between(200, 4_000)); break;
            case < 42: _world.Loop.Jump(_chance.Pick([_chance.Between(0, 3 * Clock.MsPerDay), _chance.Between(0, Ground.HorizonMs), _chance.Between(1_500, 3_500)])); break;
            case < 50: _world.Loop.Turn(_chance.Below(40)); break;
            case < 68: ReadSome(node); break;
            case < 73: BeginRun(node); break;
            case < 74: _world.Network.Send(node, HostActor.Runs, new AbandonRun(Ground.History().Active?.Id ?? "")); break;
            case < 77: _world.Network.Send(node, what, new WriteCheckpoint(what)); break;
            case < 80: _world.Move(what, node); break;
            case < 82: _world.Force(what, node); break;
            case < 84: _world.Move(HostActor.Runs, node); break;
            case < 85: _world.Force(HostActor.Runs, node); break;
            case < 86: Oust(slot); break;
            case < 87: node.Lane.Freeze(); break;
            case < 90: foreach (var frozen in _world.Nodes) frozen.Lane.Thaw(); break;
            case < 91: _world.Kill(slot); break;
            case < 94: _world.Start(slot); break;
            case < 97: _world.HomeTheHomeless(); break;
            case < 98: node.IsAlone = !node.IsAlone; break;
            case < 99: Cut(node.Faults); break;
            default: LoseCheckpoint(what); break;
        }
    }

    private void Append()
    {
        var batch = new AppendBatch(_world.Partitions);
        for (var n = 1 + _chance.Below(25); n > 0; n--)
        {
            var record = _events.Next(_world.Loop.NowMs);
            batch.Add(Partitioner.PartitionOf(RecordCodec.CustomerIdOf(record), _world.Partitions), record);
        }
        _ = Ground.AppendAsync(batch);
    }

    private void BeginRun(SimulatedNode from)
    {
        var last = Ground.History().Runs is [.., var run] ? run.DefinitionHash : Ground.Initial.DefinitionHash;
        Ground.WantedDefinition = _chance.OneIn(2) ? last : _chance.Pick(Ground.Definitions).Hash;
        _world.Network.Send(from, HostActor.Runs, new BeginRun(), (_, _) => { });
    }

    private void Cut(NodeFaults faults)
    {
        if (_chance.OneIn(2)) faults.IsCutOff = !faults.IsCutOff;
        else faults.IsLogAway = !faults.IsLogAway;
    }

    /// <summary>Frozen in the middle of everything, taken for lost, and back: it goes on where it was, until it hears or is refused.</summary>
    private void Oust(int slot)
    {
        var node = _world.Nodes[slot];
        var others = _world.Nodes.Where(n => n != node && n.IsAlive).ToList();
        if (!node.IsAlive || others.Count == 0) return;
        Append();
        _world.Loop.Turn(_chance.Below(60));
        node.Lane.Freeze();
        for (var what = HostActor.Runs; what < _world.Partitions; what++)
            if (_world.Network.HomeOf(what) == node && !_chance.OneIn(4)) _world.Force(what, _chance.Pick(others));
        _world.Loop.Pass(_chance.Between(1_500, 6_000));
        Append();
        foreach (var other in others) ReadSome(other);
        _world.Loop.Pass(_chance.Below(500));
        node.Lane.Thaw();
        ReadSome(node);
        _world.Loop.Turn(_chance.Below(60));
    }

    /// <summary>Every process that ever owned it ends (one might still be writing), and what it had stored is lost: it is rebuilt from base and log.</summary>
    private void LoseCheckpoint(int partition)
    {
        for (var slot = 0; slot < _world.Nodes.Count; slot++)
            if (_world.Nodes[slot].Wanted.Contains(partition) || Ground.Grants[partition].Exists(g => g.Owner == _world.Nodes[slot].Name)) _world.Kill(slot);
        Ground.LoseCheckpoint(partition);
        _rebuilds++;
    }

    // --- reads ------------------------------------------------------------------------------------------------------------------

    private void ReadSome(SimulatedNode from)
    {
        if (!from.IsAlive) return;
        for (var n = 1 + _chance.Below(6); n > 0; n--)
        {
            var customer = CustomerId.From($"c{_chance.Below(_customers + 2)}");
            var partition = Partitioner.PartitionOf(customer.Utf8, _world.Partitions);
            var atLeast = _chance.OneIn(5) ? Ground.Log.EndOffset(partition) - _chance.Below(3) : -1;
            var asOf = Clock.DayOfMs(_world.Loop.NowMs) - (_chance.OneIn(4) ? _chance.Below(30) : 0);
            _ = from.Lane.Tasks.Run(async () =>
            {
                var part = await from.Client.ReadAsync(partition, customer, atLeast, TimeSpan.FromMilliseconds(500), CancellationToken.None);
                _world.Law.Check(customer, partition, part, atLeast, asOf);
            });
        }
    }

    private void ThrowIfBroken()
    {
        if (Ground.Broken is { } how) throw new LawBrokenException(how);
    }

    private string Trail() => string.Join(' ', _trail.TakeLast(40));
}

/// <summary>What a scenario did and checked.</summary>
/// <param name="Refusals">Reads that nobody could answer then.</param>
/// <param name="Leases">Leases granted: owners of partitions.</param>
/// <param name="Fenced">Writes refused because another owned the partition by then.</param>
/// <param name="Turns">Single things that happened.</param>
public sealed record ClusterReport(
    ulong Seed, long Events, long Reads, long Refusals, long Rows, long Crashes, long Moves, long Leases, long Fenced, long Published, long Abandoned, long Rebuilds, long Turns, long Erasures);

/// <summary>Runs scenarios of the actor runtime by seed.</summary>
public static class ClusterSimulations
{
    public const int StepsPerSeed = 300;

    /// <exception cref="LawBrokenException">With the seed that replays it.</exception>
    public static ClusterReport Run(ulong seed, int steps = StepsPerSeed)
    {
        // A test runner's context would take what is awaited out of the loop, to threads of its own.
        var outside = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return new ClusterScenario(seed, SimulatedDefinitions.Load()).Run(steps);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outside);
        }
    }
}
