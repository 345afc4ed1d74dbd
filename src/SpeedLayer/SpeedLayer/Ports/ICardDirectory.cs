using Lambda.Domain.Events;

namespace Lambda.SpeedLayer.Ports;

/// <summary>A `card` event as the directory keeps it.</summary>
/// <param name="Token">The card's token as it stands in the event.</param>
/// <param name="OccurredAtMicros">With position and partition: which of two says the last word.</param>
public sealed record CardEntry(string Token, CustomerId Customer, bool IsActive, long OccurredAtMicros, int Partition, long Offset);

/// <summary>Whose a card is: the newest `card` event of each token. Written by the partitions' owners as they fold, so replay writes the same again.</summary>
public interface ICardDirectory : IDisposable
{
    /// <summary>Null for a token that no event named, itself or as the older one it is linked to.</summary>
    /// <exception cref="StorageException">It cannot be asked now; so of the others.</exception>
    CardEntry? Find(string token);

    /// <summary>Both are tokens of one card: the newer one finds the customer by the older. Durable when it returns; repeatable.</summary>
    void Link(string older, string newer);

    /// <summary>Durable when it returns. An entry older than what is kept (occurred at, then partition and offset) changes nothing.</summary>
    void Put(IReadOnlyList<CardEntry> entries);

    /// <summary>All tokens, linked ones too, of the cards that a customer's events below this offset of its partition named.</summary>
    IReadOnlyList<string> TokensOf(CustomerId customer, long belowOffset);

    /// <summary>All tokens of a card, this one among them.</summary>
    IReadOnlyList<string> Linked(string token);

    /// <summary>Forgets the cards that a customer's events below this offset of its partition named, and what links to them, so that nothing of it stands in the store's files: erasure. Repeatable.</summary>
    /// <returns>Tokens forgotten.</returns>
    long Forget(CustomerId customer, long belowOffset);
}
