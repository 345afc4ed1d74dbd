using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Identity;

namespace Lambda.Serving.Identity;

/// <param name="Id">Of the link to be: asking again with it does nothing twice.</param>
/// <param name="By">Name of the key that asks.</param>
public sealed record MergeRequest(Guid Id, CustomerId Into, CustomerId Customer, string By, string Reason);

/// <summary>What came of a request to merge.</summary>
public abstract record MergeOutcome
{
    private MergeOutcome() { }

    /// <param name="Number">The identity log is known up to here: a read may ask for it.</param>
    /// <param name="IsNew">False: it had been done before by this id.</param>
    public sealed record Merged(Link Link, Person Person, long Number, bool IsNew) : MergeOutcome;

    /// <summary>Nothing may be linked that nobody has heard of: a typo would take in whoever gets that id later.</summary>
    public sealed record Unknown(CustomerId Customer) : MergeOutcome;

    public sealed record Refused(MergeDecision Why) : MergeOutcome;

    public sealed record Unavailable(CustomerRead Why) : MergeOutcome;
}

/// <summary>Merges and unmerges customers, in both editions.</summary>
/// <param name="members">Reads by customers' own ids.</param>
public sealed class IdentityDesk(Identities identities, IMemberReads members, TimeProvider time)
{
    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    public async ValueTask<MergeOutcome> MergeAsync(MergeRequest request, CancellationToken cancel)
    {
        var into = await members.StateAsync(request.Into, null, null, TimeSpan.Zero, cancel);
        var other = await members.StateAsync(request.Customer, null, null, TimeSpan.Zero, cancel);
        if ((Missing(request.Into, into) ?? Missing(request.Customer, other)) is { } missing) return missing;
        var link = new Link(request.Id, request.Into, request.Customer, request.By, NowMs, request.Reason)
        {
            IntoAt = new Position(into.Partition, Math.Max(0, into.Applied - 1)), CustomerAt = new Position(other.Partition, Math.Max(0, other.Applied - 1)),
        };
        switch (identities.Append(s => s.Decide(link), d => (d as MergeDecision.Append)?.Record))
        {
            case MergeDecision.Repeated repeated: return Merged(repeated.Link, isNew: false);
            case MergeDecision.Append: break;
            case var refused: return new MergeOutcome.Refused(refused);
        }
        // Whoever was erased meanwhile had no such link when the erasure looked for some.
        foreach (var customer in (CustomerId[])[request.Into, request.Customer])
            if (await members.StateAsync(customer, null, null, TimeSpan.Zero, cancel) is { Instead: null, IsKnown: false })
            {
                identities.Forget(link.Id, NowMs);
                return new MergeOutcome.Unknown(customer);
            }
        return Merged(link, isNew: true);
    }

    /// <returns>What was decided, and the persons that the link's customers are of now; null when it is not known.</returns>
    public (UnmergeDecision Decision, Link Link, Person Into, Person Customer, long Number)? Unmerge(Guid link, string by, string reason)
    {
        var record = new IdentityRecord.Unlinked(link, by, NowMs, reason);
        var decision = identities.Append(s => s.Decide(record), d => (d as UnmergeDecision.Append)?.Record);
        if (decision is UnmergeDecision.Unknown || identities.Ask(s => s.LinkOf(link)?.Link) is not { } undone) return null;
        return (decision, undone, identities.Of(undone.Into)!, identities.Of(undone.Customer)!, identities.Number);
    }

    /// <summary>The person of a customer and every link that ever named one of its members; null for who was never merged. Of the newest state.</summary>
    public (Person Person, IReadOnlyList<LinkState> Links, long Number)? Find(CustomerId customer) => identities.Ask(s =>
        s.Of(customer) is { } person ? (person, [.. person.Members.SelectMany(s.LinksOf).DistinctBy(l => l.Link!.Id).OrderBy(l => l.Number)], s.Number) : ((Person, IReadOnlyList<LinkState>, long)?)null);

    /// <summary>The person that answers speak of here; null when it is one customer.</summary>
    public Person? MergedOf(CustomerId customer) => identities.MergedOf(customer);

    /// <summary>Reads on when the log is not known up to this number.</summary>
    /// <exception cref="EngineUnavailableException">There is no such record.</exception>
    public void Reach(long number)
    {
        if (identities.Number < number) identities.CatchUp();
        if (identities.Number < number) throw new EngineUnavailableException($"the identity log ends at {identities.Number}", TimeSpan.FromSeconds(1));
    }

    /// <summary>Cuts every link of customers that were erased: whoever has their ids from now on is somebody else.</summary>
    public void ForgetLinksOf(IReadOnlyList<CustomerId> erased)
    {
        foreach (var customer in erased) identities.ForgetLinksOf(customer, erased: null, NowMs);
    }

    private MergeOutcome.Merged Merged(Link link, bool isNew) => new(link, identities.Of(link.Into)!, identities.Number, isNew);

    private static MergeOutcome? Missing(CustomerId customer, MemberRead read) =>
        read.Instead is { } why ? new MergeOutcome.Unavailable(why) : read.IsKnown ? null : new MergeOutcome.Unknown(customer);
}
