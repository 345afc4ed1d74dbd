using Lambda.Domain.Events;

namespace Lambda.Domain.Identity;

/// <summary>What changed a person last. Also why its segments may be others than before.</summary>
public enum PersonChange { None, Merge, Unmerge, Erasure }

public readonly record struct NumberedLink(long Number, Link Link);

/// <summary>
/// The customers that are one person, as the links say that hold: immutable. A function of those links and their order alone, so a link that was taken away
/// leaves nothing behind.
/// </summary>
/// <param name="Members">In the order in which they joined; the first is the canonical one. One alone: it was merged once and is no longer.</param>
/// <param name="Links">That hold between them, ascending by number: always one fewer than members.</param>
/// <param name="Number">Of the newest record that changed who the members are.</param>
public sealed record Person(IReadOnlyList<CustomerId> Members, IReadOnlyList<NumberedLink> Links, long Number, PersonChange LastChange)
{
    /// <summary>By whose id the person is known, and whose worker writes its row.</summary>
    public CustomerId Canonical => Members[0];

    public bool IsMerged => Members.Count > 1;

    public bool IsCanonical(CustomerId customer) => Canonical.Equals(customer);

    public bool Has(CustomerId customer) => Members.Any(m => m.Equals(customer));

    /// <summary>The links that lead from one member to the other.</summary>
    public IReadOnlyList<Link> Between(CustomerId from, CustomerId to)
    {
        var byWay = new Dictionary<CustomerId, Link>(CustomerId.ByBytes.Comparer);
        var (reached, seen) = (new Queue<CustomerId>([to]), new HashSet<CustomerId>(CustomerId.ByBytes.Comparer) { to });
        while (reached.TryDequeue(out var at))
            foreach (var (_, link) in Links.Where(l => l.Link.Names(at)))
            {
                var next = link.Into.Equals(at) ? link.Customer : link.Into;
                if (!seen.Add(next)) continue;
                byWay[next] = link;
                reached.Enqueue(next);
            }
        var way = new List<Link>();
        for (var at = from; byWay.TryGetValue(at, out var link); at = link.Into.Equals(at) ? link.Customer : link.Into) way.Add(link);
        return way;
    }

    /// <summary>Who is one with whom, by these links alone: of two persons that a link joins, that of <see cref="Link.Into"/> comes first.</summary>
    /// <param name="links">Ascending by number, without a circle.</param>
    internal static IReadOnlyList<Person> Of(IEnumerable<CustomerId> members, IReadOnlyList<NumberedLink> links, long number, PersonChange change)
    {
        var groups = new Dictionary<CustomerId, List<CustomerId>>(CustomerId.ByBytes.Comparer);
        foreach (var member in members) groups[member] = [member];
        foreach (var (_, link) in links)
        {
            var (first, then) = (groups[link.Into], groups[link.Customer]);
            if (first == then) throw new InvalidDataException($"link {link.Id}: {link.Into} and {link.Customer} are one person already");
            first.AddRange(then);
            foreach (var member in then) groups[member] = first;
        }
        return [.. groups.Values.Distinct().Select(g => new Person([.. g], [.. links.Where(l => ReferenceEquals(groups[l.Link.Into], g))], number, change))];
    }
}
