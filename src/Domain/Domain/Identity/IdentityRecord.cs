using Lambda.Domain.Events;
using Lambda.Domain.Log;

namespace Lambda.Domain.Identity;

/// <summary>One merge of two customers: whoever <paramref name="Customer"/> is joins the person that <paramref name="Into"/> is of.</summary>
/// <param name="Id">Given by who asked, so that asking again does nothing twice.</param>
/// <param name="By">Name of the key that asked.</param>
/// <param name="Reason">Free text, may be empty.</param>
public sealed record Link(Guid Id, CustomerId Into, CustomerId Customer, string By, long AtMs, string Reason)
{
    /// <summary>Newest record of each one's partition when it was looked at: an erasure behind it erased somebody whom this link named.</summary>
    public required Position IntoAt { get; init; }

    public required Position CustomerAt { get; init; }

    public bool Names(CustomerId customer) => Into.Equals(customer) || Customer.Equals(customer);
}

/// <summary>What the identity log holds, in its order. A storage format, see <see cref="IdentityCodec"/>: add, never rename.</summary>
public abstract record IdentityRecord
{
    private IdentityRecord() { }

    /// <summary>The link that this is about.</summary>
    public abstract Guid Id { get; }

    public sealed record Linked(Link Link) : IdentityRecord
    {
        public override Guid Id => Link.Id;
    }

    public sealed record Unlinked(Guid Link, string By, long AtMs, string Reason) : IdentityRecord
    {
        public override Guid Id => Link;
    }

    /// <summary>Somebody whom the link names was erased: it holds no longer, and nobody is told of it any more.</summary>
    public sealed record Forgotten(Guid Link, long AtMs) : IdentityRecord
    {
        public override Guid Id => Link;
    }

    /// <summary>What is left of a record about a link that was forgotten: that its id was used.</summary>
    public sealed record Blank(Guid Link) : IdentityRecord
    {
        public override Guid Id => Link;
    }
}

/// <param name="Number">Place in the log: 1 for the first, without gaps.</param>
public readonly record struct NumberedRecord(long Number, IdentityRecord Record);
