namespace Lambda.Domain.Fraud;

/// <summary>
/// What the batch layer knew of every terminal and merchant at one published cut. Immutable, for any number of threads at once: decisions of different customers share
/// terminals, whose transactions lie in other partitions, so only the batch layer can say what went on there.
/// </summary>
public interface IAcceptorTable
{
    /// <summary>The epoch it was computed at; 0 for the empty one that is served before the first.</summary>
    long Epoch { get; }

    /// <param name="into">Scratch of the caller: takes the memory as it was at the cut, the empty one for who is not known.</param>
    /// <returns>False for an acceptor that is not known.</returns>
    bool TryRead(ulong acceptor, AcceptorFraudMemory into);
}

/// <param name="Hash">SHA-256 of the model's file, lower hex: what decisions name it by.</param>
public sealed record NamedModel(string Hash, FraudModel Model);

/// <summary>What decisions are scored with at one moment. Replaced as a whole.</summary>
/// <param name="Champion">Null: there is no model (yet); rules decide alone.</param>
/// <param name="Challenger">Scores in shadow: recorded, never decides.</param>
public sealed record Scoring(IAcceptorTable Acceptors, NamedModel? Champion, NamedModel? Challenger);
