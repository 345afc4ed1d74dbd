using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud;

/// <summary>What is remembered of a terminal, or of a merchant where no terminal is named; bounded like <see cref="CustomerFraudMemory"/>.</summary>
public sealed class AcceptorFraudMemory
{
    internal record struct Seen(ulong Id, long At, bool IsUnusual, bool IsFraud);

    internal readonly Recent<Seen> Recent = new(FraudLimits.RecentMax);
    internal readonly DayBuckets Days = new();
    internal long LastFraudAt = long.MinValue;
    private DayBucket _tooOld;

    /// <param name="isUnusual">What <see cref="CustomerFraudMemory.Apply"/> said.</param>
    public void Apply(in FraudTransaction transaction, bool isUnusual)
    {
        Recent.Add(new Seen(transaction.Id, transaction.AtMicros, isUnusual, false));
        Days.Of(Clock.DayOf(transaction.AtMicros), ref _tooOld).Add(new DayBucket { Count = 1, Unusual = isUnusual ? 1 : 0 });
    }

    /// <summary>
    /// One of its transactions is known to be fraud. Applied once for each transaction. A fraud with a usual amount points at the acceptor rather than at the
    /// customer; that is known of those that are still among the recent ones.
    /// </summary>
    public void ApplyFraud(ulong transactionId, long transactionAtMicros)
    {
        ref var day = ref Days.Of(Clock.DayOf(transactionAtMicros), ref _tooOld);
        day.Frauds++;
        LastFraudAt = Math.Max(LastFraudAt, transactionAtMicros);
        for (var i = 0; i < Recent.Count; i++)
        {
            ref var seen = ref Recent[i];
            if (seen.Id != transactionId) continue;
            seen.IsFraud = true;
            if (!seen.IsUnusual) day.UsualFrauds++;
            return;
        }
    }
}
