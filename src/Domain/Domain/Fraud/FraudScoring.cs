namespace Lambda.Domain.Fraud;

/// <summary>What decisions of this process are scored with: read once for each decision, replaced as a whole.</summary>
public sealed class FraudScoring
{
    private volatile Scoring _current = new(NoAcceptors.Instance, null, null);

    public Scoring Current => _current;

    /// <summary>Decisions that began with the one before end with it.</summary>
    public void Replace(Scoring scoring) => _current = scoring;
}

/// <summary>Served before the first epoch: nothing is known of anybody.</summary>
public sealed class NoAcceptors : IAcceptorTable
{
    public static readonly NoAcceptors Instance = new();

    public long Epoch => 0;

    public bool TryRead(ulong acceptor, AcceptorFraudMemory into)
    {
        into.Clear();
        return false;
    }
}
