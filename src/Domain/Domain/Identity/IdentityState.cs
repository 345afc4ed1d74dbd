using Lambda.Domain.Events;

namespace Lambda.Domain.Identity;

/// <summary>How a link stands.</summary>
/// <param name="Link">Null when it was forgotten.</param>
/// <param name="Undone">The record that took it away; null while it holds.</param>
public sealed record LinkState(Link? Link, long Number, IdentityRecord.Unlinked? Undone)
{
    public bool Holds => Link is not null && Undone is null;
}

/// <summary>Who is one person with whom: the fold of the identity log. Customers that were never merged are not in it. Not thread-safe.</summary>
public sealed class IdentityState
{
    /// <summary>A person is read by asking for all its members, so there is a bound. More than a handful of ids is a mistake of some matching.</summary>
    public const int MembersMax = 50;

    private readonly Dictionary<CustomerId, Person> _persons = new(CustomerId.ByBytes.Comparer);
    private readonly Dictionary<Guid, LinkState> _links = [];
    private readonly Dictionary<CustomerId, List<Guid>> _linksOf = new(CustomerId.ByBytes.Comparer);

    /// <summary>Records up to this number are folded.</summary>
    public long Number { get; private set; }

    /// <summary>
    /// Of the newest record that forgot a link. What it had changed can be told no longer, so everybody counts as changed by then: see <see cref="NumberOf"/>.
    /// </summary>
    public long ForgottenAt { get; private set; }

    /// <summary>Links that were forgotten and of which records may still tell.</summary>
    public HashSet<Guid> Forgotten { get; } = [];

    /// <summary>Null for who was never merged.</summary>
    public Person? Of(CustomerId customer) => _persons.GetValueOrDefault(customer);

    public LinkState? LinkOf(Guid id) => _links.GetValueOrDefault(id);

    /// <summary>Every link that ever named the customer and was not forgotten, oldest first.</summary>
    public IReadOnlyList<LinkState> LinksOf(CustomerId customer) => [.. _linksOf.GetValueOrDefault(customer, []).Select(id => _links[id]).Where(l => l.Link is not null)];

    /// <summary>Never decreases for a customer, whatever of the log is blank, and rises with every change of whom it is one person with.</summary>
    public long NumberOf(CustomerId customer) => Math.Max(ForgottenAt, Of(customer)?.Number ?? 0);

    /// <returns>The persons that the record changed: their members are all whom it concerns.</returns>
    /// <exception cref="InvalidDataException">No log that was appended to by <see cref="Decide(Link)"/> has this record here.</exception>
    public IReadOnlyList<Person> Apply(NumberedRecord numbered)
    {
        var (number, record) = numbered;
        if (number != Number + 1) throw new InvalidDataException($"identity record {number} follows {Number}");
        var changed = record switch
        {
            IdentityRecord.Linked linked => Join(number, linked.Link),
            IdentityRecord.Unlinked unlinked => TakeAway(number, unlinked),
            IdentityRecord.Forgotten forgotten => Forget(number, forgotten.Link),
            IdentityRecord.Blank blank => Nothing(blank.Link),
            _ => throw new InvalidOperationException($"unknown record {record}"),
        };
        Number = number;
        return changed;
    }

    // --- decisions: what may be appended behind what is folded ------------------------------------------------------------------

    public MergeDecision Decide(Link link)
    {
        if (_links.TryGetValue(link.Id, out var known))
            return known.Link is not { } same || !same.Into.Equals(link.Into) || !same.Customer.Equals(link.Customer) ? new MergeDecision.IdTaken()
                : known.Undone is { } undone ? new MergeDecision.Undone(undone)
                : new MergeDecision.Repeated(same);
        var (into, other) = (Of(link.Into), Of(link.Customer));
        if (link.Into.Equals(link.Customer)) throw new ArgumentException("a customer is one with itself");
        if (into is not null && into.Has(link.Customer)) return new MergeDecision.SamePerson(into, into.Between(link.Into, link.Customer));
        var members = (into?.Members.Count ?? 1) + (other?.Members.Count ?? 1);
        return members > MembersMax ? new MergeDecision.TooMany(members) : new MergeDecision.Append(new IdentityRecord.Linked(link));
    }

    public UnmergeDecision Decide(IdentityRecord.Unlinked unlinked) => LinkOf(unlinked.Link) switch
    {
        null or { Link: null } => new UnmergeDecision.Unknown(),
        { Undone: { } undone } => new UnmergeDecision.Repeated(undone),
        _ => new UnmergeDecision.Append(unlinked),
    };

    // --- the fold ---------------------------------------------------------------------------------------------------------------

    private IReadOnlyList<Person> Join(long number, Link link)
    {
        var (into, other) = (Of(link.Into), Of(link.Customer));
        if (_links.ContainsKey(link.Id)) throw new InvalidDataException($"identity record {number}: link {link.Id} is there already");
        IReadOnlyList<NumberedLink> links = [.. into?.Links ?? [], .. other?.Links ?? [], new NumberedLink(number, link)];
        var persons = Person.Of([.. into?.Members ?? [link.Into], .. other?.Members ?? [link.Customer]], [.. links.OrderBy(l => l.Number)], number, PersonChange.Merge);
        _links[link.Id] = new LinkState(link, number, null);
        foreach (var customer in (CustomerId[])[link.Into, link.Customer])
            if (_linksOf.TryGetValue(customer, out var others)) others.Add(link.Id);
            else _linksOf[customer] = [link.Id];
        return Put(persons);
    }

    private IReadOnlyList<Person> TakeAway(long number, IdentityRecord.Unlinked unlinked)
    {
        if (LinkOf(unlinked.Link) is not { Holds: true, Link: { } link } known) throw new InvalidDataException($"identity record {number}: link {unlinked.Link} does not hold");
        _links[link.Id] = known with { Undone = unlinked };
        return Part(number, link, known, PersonChange.Unmerge);
    }

    private IReadOnlyList<Person> Part(long number, Link link, LinkState before, PersonChange change)
    {
        if (!before.Holds) return [];
        var person = _persons[link.Into];
        return Put(Person.Of(person.Members, [.. person.Links.Where(l => l.Link.Id != link.Id)], number, change));
    }

    private IReadOnlyList<Person> Forget(long number, Guid id)
    {
        ForgottenAt = number;
        if (!_links.TryGetValue(id, out var known) || known.Link is not { } link) return Nothing(id); // the record that told of it is blank
        var changed = Part(number, link, known, PersonChange.Erasure);
        _links[id] = new LinkState(null, known.Number, null);
        Forgotten.Add(id);
        return changed;
    }

    private IReadOnlyList<Person> Nothing(Guid id)
    {
        _links[id] = new LinkState(null, 0, null);
        return [];
    }

    private IReadOnlyList<Person> Put(IReadOnlyList<Person> persons)
    {
        foreach (var person in persons)
            foreach (var member in person.Members) _persons[member] = person;
        return persons;
    }
}

/// <summary>What comes of a wish to merge.</summary>
public abstract record MergeDecision
{
    private MergeDecision() { }

    public sealed record Append(IdentityRecord Record) : MergeDecision;

    /// <summary>It was done before, by this id.</summary>
    public sealed record Repeated(Link Link) : MergeDecision;

    /// <summary>It was done before by this id, and undone since: doing it again needs another id.</summary>
    public sealed record Undone(IdentityRecord.Unlinked By) : MergeDecision;

    /// <summary>The id is that of another merge.</summary>
    public sealed record IdTaken : MergeDecision;

    /// <summary>They are one already: a further link would close a circle, and unmerging one of it would part nobody.</summary>
    public sealed record SamePerson(Person Person, IReadOnlyList<Link> Links) : MergeDecision;

    public sealed record TooMany(int Members) : MergeDecision;
}

public abstract record UnmergeDecision
{
    private UnmergeDecision() { }

    public sealed record Append(IdentityRecord Record) : UnmergeDecision;

    public sealed record Repeated(IdentityRecord.Unlinked By) : UnmergeDecision;

    public sealed record Unknown : UnmergeDecision;
}
