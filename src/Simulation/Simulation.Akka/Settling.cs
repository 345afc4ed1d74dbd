using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Events;
using Lambda.Simulation.Actors.Ground;
using Lambda.Simulation.Actors.Nodes;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Simulation.Actors;

/// <summary>
/// The end of a scenario: no more faults, everything comes to rest and is published, then nothing may be missing: every customer's answer and row, the counters,
/// the runs.
/// </summary>
internal sealed class Settling(ClusterWorld world, Action throwIfBroken)
{
    private const long PatienceMs = 400_000;

    private Installation Ground => world.Ground;

    public void Run(Chance chance)
    {
        world.Heal();
        Until("partitions and runs at rest", () => IsAtRest() && Ground.History().Active is null);
        Ground.WantedDefinition = Ground.History().Served.DefinitionHash;
        var runs = Ground.History().Runs.Count;
        world.Network.Send(world.Nodes[0], HostActor.Runs, new BeginRun(), (_, _) => { });
        Until("the last run", () =>
        {
            if (Ground.History().Runs.Count == runs) world.Network.Send(world.Nodes[0], HostActor.Runs, new BeginRun(), (_, _) => { });
            return Ground.History() is var history && history.Runs.Count > runs && history.Active is null && IsAtRest();
        });
        CheckRuns();
        CheckCustomers(chance);
        for (var p = 0; p < world.Partitions; p++) CheckCounters(p);
    }

    private void Until(string what, Func<bool> holds)
    {
        for (var since = world.Loop.NowMs; !holds();)
        {
            world.Loop.Pass(250);
            throwIfBroken();
            if (world.Loop.NowMs - since > PatienceMs) throw new LawBrokenException($"{what}: not within {PatienceMs / 1000} s; {string.Join("\n", Reports())}\nrun {Ground.History().Active?.Id} in {Ground.History().Active?.Stage}, driven by {Driver}\nlast errors:\n{string.Join("\n", world.Law.Errors)}");
        }
    }

    private string Driver => world.Network.HomeOf(HostActor.Runs) is { } home ? $"{home.Name}, {(home.Hosted.ContainsKey(HostActor.Runs) ? "which hosts it" : "which does not host it")}" : "nobody";

    private IEnumerable<PartitionReport?> Reports() => Enumerable.Range(0, world.Partitions).Select(p => world.Network.HomeOf(p)!.ReportOf(p));

    private bool IsAtRest()
    {
        var swept = $"e{Ground.History().Served.Epoch} d{Clock.DayOfMs(world.Loop.NowMs)}";
        return Reports().All(r => r is { State: "ready" } && Ground.Log.EndOffset(r.Partition) is var end && r.Applied == end && r.Sunk == end && r.PopulationBelow >= Ground.Mirror.EventsEndOf(r.Partition)
            && r.PopulationSwept == swept && r.Published == Ground.History().Served.Epoch);
    }

    /// <summary>The warehouse of a simulation is right, so a run that found a difference is itself what broke the law.</summary>
    private void CheckRuns()
    {
        foreach (var failed in Ground.History().Runs.Where(r => r.Stage == RunStage.Failed)) throw new LawBrokenException($"{failed.Id} failed: {string.Join("; ", failed.Reasons)}");
        if (Ground.History().Runs[^1] is { Stage: not RunStage.Published } last) throw new LawBrokenException($"the last run ended {last.Stage}");
        var epochs = Ground.RunEvents.OfType<RunEvent.Published>().Select(p => p.Publication.Epoch).ToList();
        if (!epochs.Distinct().SequenceEqual(epochs)) throw new LawBrokenException($"published: {string.Join(", ", epochs)}");
    }

    private void CheckCustomers(Chance chance)
    {
        var (definition, answered) = (Ground.History().Served.DefinitionHash, world.Law.Reads);
        var day = Clock.DayOfMs(world.Loop.NowMs);
        var rows = Ground.Warehouse.Population(definition).ToDictionary(r => r.Customer.ToString());
        foreach (var name in Ground.Mirror.Customers)
        {
            var (customer, daysAgo) = (CustomerId.From(name), chance.Below(3));
            var partition = LogMirror.PartitionOf(name, world.Partitions);
            var node = chance.Pick(world.Nodes);
            var read = node.Lane.Tasks.Run(async () => world.Law.Check(
                customer, partition, await node.Client.ReadAsync(partition, customer, -1, TimeSpan.Zero, CancellationToken.None), -1, day - daysAgo));
            Until($"an answer for {name}", () => read.IsCompleted);
            CheckRow(customer, partition, rows.GetValueOrDefault(name), day);
        }
        throwIfBroken();
        if (world.Law.Reads - answered != Ground.Mirror.Customers.Count()) throw new LawBrokenException($"a read was refused although nothing fails: {world.Law.LastRefusal}");
    }

    private void CheckRow(CustomerId customer, int partition, SpeedLayer.Ports.PopulationRow? row, int day)
    {
        var expected = world.Law.Expected(customer, partition, Ground.History().Served.Epoch, Ground.Log.EndOffset(partition)).For(day);
        if (row is null && expected.Matches(null, null) is not null) throw new LawBrokenException($"{customer} has no row in the population table");
        if (row is null) return; // erased, and nothing came behind it
        if (row.Answer.AsOfDay != day) throw new LawBrokenException($"the row of {customer} is of day {row.Answer.AsOfDay}, today is {day}");
        if (expected.Matches(row.Answer, null) is { } difference && !expected.Overflows)
            throw new LawBrokenException($"the row of {customer}, written at {row.Applied} of {Ground.Log.EndOffset(partition)}: {difference}");
    }

    /// <summary>Every record was counted once, whatever happened; a rebuild begins anew.</summary>
    private void CheckCounters(int partition)
    {
        var report = world.Network.HomeOf(partition)!.ReportOf(partition)!;
        var counted = report.Counters.Events + report.Counters.Repeats + report.Counters.Conflicts;
        var events = Ground.Mirror.EventsOf(partition);
        if (Ground.IsRebuilt(partition) ? counted > events : counted != events)
            throw new LawBrokenException($"partition {partition} counted {report.Counters}, its log has {events} events");
    }
}
