namespace Lambda.Domain.Fraud;

/// <summary>The numbers are a storage format: events wait in a customer's memory as bytes until they are folded.</summary>
public enum FraudEventKind : byte { Transaction = 1, FailedLogin = 2, CredentialChange = 3, AddressChange = 4, Profile = 5, Label = 6 }

/// <summary>An event as the fraud memory of its customer sees it: numbers and 64-bit hashes only (<see cref="FraudEvents.NameOf"/>), 0 for what is absent.</summary>
/// <param name="AtMicros">When it happened, microseconds since 1970.</param>
public readonly record struct FraudEvent(FraudEventKind Kind, long AtMicros)
{
    /// <summary>Of a transaction.</summary>
    public FraudTransaction Transaction { get; init; }

    /// <summary>Id of the transaction that a label calls fraud.</summary>
    public ulong Of { get; init; }

    /// <summary>What a profile says of how the customer is reached and where they live.</summary>
    public ulong Email { get; init; }
    public ulong Phone { get; init; }
    public ulong Country { get; init; }
    public ulong City { get; init; }

    public static FraudEvent Paid(in FraudTransaction transaction) => new(FraudEventKind.Transaction, transaction.AtMicros) { Transaction = transaction };

    /// <param name="atMicros">When the label came, which changes nothing.</param>
    public static FraudEvent Labelled(ulong transaction, long atMicros) => new(FraudEventKind.Label, atMicros) { Of = transaction };
}
