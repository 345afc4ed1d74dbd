using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Identity;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Simulation;

/// <summary>
/// Merges and unmerges customers of a simulated installation at random, and knows what their persons must answer: what the oracle says of the events of all members,
/// each as of its own epoch and position. Its own chance leaves the life of the installation as it is without it.
/// </summary>
internal sealed class Persons(World world, Chance chance, int customers)
{
    private readonly Identities _identities = new(new MemoryIdentityLog());
    private readonly List<Guid> _links = [];

    public int Merges => _links.Count;

    public void Change()
    {
        if (_links.Count > 0 && chance.OneIn(3))
        {
            _identities.Append(s => s.Decide(new IdentityRecord.Unlinked(chance.Pick(_links), "sim", 0, "")), d => (d as UnmergeDecision.Append)?.Record);
            return;
        }
        var (into, other) = (chance.Below(customers), chance.Below(customers));
        if (into == other) return;
        var link = new Link(new Guid(_links.Count, 0, 0, new byte[8]), CustomerId.From($"c{into}"), CustomerId.From($"c{other}"), "sim", 0, "") { IntoAt = default, CustomerAt = default };
        if (_identities.Append(s => s.Decide(link), d => (d as MergeDecision.Append)?.Record) is MergeDecision.Append) _links.Add(link.Id);
    }

    /// <returns>Null when nothing can be said: it is no merged person, or cannot be read at this moment; empty when all is well; else what is not.</returns>
    public string? Check(string customer, int asOf)
    {
        if (_identities.MergedOf(CustomerId.From(customer)) is not { } person) return null;
        var states = person.Members.Select(m => world.Host(PartitionOf(m)).Parts(m)).ToList();
        if (states.Any(s => s is null) || states.DistinctBy(s => s!.View).Count() > 1) return null;
        var view = states[0]!.View;
        if (!person.Members.All(m => view.TilesCover(asOf, Clock.DayOfMs(world.Host(PartitionOf(m)).LastAppendedAtMs)))) return null;
        List<LoggedEvent> counting = [.. person.Members.Zip(states).SelectMany(m => CountingOf(m.First, m.Second!))];
        // Two at one time and offset of two partitions: which is the latest is decided by their bytes, about which the oracle knows nothing.
        if (counting.Select(e => (e.ToRow().OccurredAtMicros, e.Offset)).Distinct().Count() < counting.Count) return null;
        return Expectation.Of(view.Definition, counting, asOf).Matches(Served(view, states!, asOf, out var overflow), overflow) is { } difference
            ? $"person {string.Join(" + ", person.Members)} at {string.Join(' ', person.Members.Zip(states, (m, s) => $"{PartitionOf(m)}:{s!.Applied}/{s.Epoch}"))}, as of day {asOf}: {difference}"
            : "";
    }

    private static Answer? Served(CompiledView view, IReadOnlyList<CustomerStates> states, int asOf, out string? overflow)
    {
        overflow = null;
        try
        {
            return PersonState.Of(states) is { } merged ? view.Finish(merged, null, null, asOf) : null;
        }
        catch (MetricOverflowException e)
        {
            overflow = e.Metric;
            return null;
        }
    }

    private List<LoggedEvent> CountingOf(CustomerId member, CustomerStates states) =>
        world.Mirror.Counting(member.ToString(), world.PublicationOf(states.Epoch).Cut[PartitionOf(member)], states.Applied, world.HorizonMs);

    private int PartitionOf(CustomerId customer) => Partitioner.PartitionOf(customer.Utf8, world.Partitions);
}
