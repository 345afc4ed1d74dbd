using Lambda.Domain.Events;

namespace Lambda.SpeedLayer.Ports;

/// <summary>A `card` event as the directory keeps it.</summary>
/// <param name="Token">The card's token as it stands in the event.</param>
/// <param name="OccurredAtMicros">With position and partition: which of two says the last word.</param>
public sealed record CardEntry(string Token, CustomerId Customer, bool IsActive, long OccurredAtMicros, int Partition, long Offset);

/// <summary>Whose a card is: the newest `card` event of each token. Written by the partitions' owners as they fold, so replay writes the same again.</summary>
public interface ICardDirectory
{
    /// <summary>Null for a token that no event named.</summary>
    CardEntry? Find(string token);

    /// <summary>Durable when it returns. An entry older than what is kept (occurred at, then partition and offset) changes nothing.</summary>
    void Put(IReadOnlyList<CardEntry> entries);

    /// <summary>Forgets a customer's cards: erasure.</summary>
    void Forget(CustomerId customer);
}
