namespace Lambda.Domain.Fraud;

/// <summary>The numbers are a storage format: events wait in a customer's memory as bytes until they are folded.</summary>
public enum FraudEventKind : byte { Transaction = 1, FailedLogin = 2, CredentialChange = 3, AddressChange = 4, Profile = 5, Label = 6, Card = 7, Settlement = 8, Reversal = 9 }

/// <summary>An event as the fraud memory of its customer sees it: numbers and 64-bit hashes only (<see cref="FraudEvents.NameOf"/>), 0 for what is absent.</summary>
/// <param name="AtMicros">When it happened, microseconds since 1970.</param>
public readonly record struct FraudEvent(FraudEventKind Kind, long AtMicros)
{
    /// <summary>Of a transaction.</summary>
    public FraudTransaction Transaction { get; init; }

    /// <summary>Lambda answered this transaction: it is an authorization.</summary>
    public bool IsDecided { get; init; }

    /// <summary>Id of the transaction that a label, a settlement or a reversal is about; the token of a card.</summary>
    public ulong Of { get; init; }

    /// <summary>What a profile says of e-mail and telephone, and of where the customer lives.</summary>
    public ulong Contact { get; init; }
    public ulong Address { get; init; }

    /// <summary>Of a card.</summary>
    public bool IsActive { get; init; }
}
