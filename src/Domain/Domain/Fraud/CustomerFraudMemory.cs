using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud;

/// <summary>
/// What is remembered of one customer to judge the next transaction: bounded by <see cref="FraudLimits"/>, integers only, a function of the events applied in
/// log order. Features are computed before the transaction itself is applied.
/// </summary>
public sealed class CustomerFraudMemory
{
    internal readonly record struct Seen(long At, long Amount, bool IsUnusual);

    internal readonly Recent<Seen> Recent = new(FraudLimits.RecentMax);
    internal readonly DayBuckets Days = new();
    internal readonly KnownSet Merchants = new(), Terminals = new(), Countries = new(), Devices = new(), Channels = new();
    internal readonly Recent<long> FailedLogins = new(FraudLimits.FailedLoginsMax);
    internal readonly int[] Hours = new int[24], Weekdays = new int[7];
    internal int Count, DeclinesInRow;
    internal long LastFraudAt = long.MinValue, LastCredentialChangeAt = long.MinValue, LastAddressChangeAt = long.MinValue, LastPlaceAt;
    internal Place? LastPlace;
    private DayBucket _tooOld;

    /// <returns>Whether the amount was unusual for this customer: what the acceptor's memory needs to know.</returns>
    public bool Apply(in FraudTransaction transaction)
    {
        var isUnusual = IsUnusual(transaction.AmountMinor);
        Recent.Add(new Seen(transaction.AtMicros, transaction.AmountMinor, isUnusual));
        ref var day = ref Days.Of(Clock.DayOf(transaction.AtMicros), ref _tooOld);
        var amount = (UInt128)transaction.AmountMinor;
        day.Add(new DayBucket { Count = 1, Sum = amount, SumSquares = amount * amount, Unusual = isUnusual ? 1 : 0, UsualSum = isUnusual ? 0 : amount });
        Merchants.Add(transaction.Merchant);
        Terminals.Add(transaction.Terminal);
        Countries.Add(transaction.Country);
        Devices.Add(transaction.Device);
        Channels.Add(transaction.Channel);
        Hours[FraudTime.HourOf(transaction.AtMicros)]++;
        Weekdays[FraudTime.WeekdayOf(transaction.AtMicros)]++;
        Count++;
        DeclinesInRow = transaction.IsDeclined ? DeclinesInRow + 1 : 0;
        if (transaction.Place is { } place) (LastPlace, LastPlaceAt) = (place, transaction.AtMicros);
        return isUnusual;
    }

    /// <summary>One of the customer's transactions is known to be fraud. Applied once for each transaction.</summary>
    /// <param name="transactionAtMicros">When the transaction happened, not when that became known.</param>
    public void ApplyFraud(long transactionAtMicros)
    {
        Days.Of(Clock.DayOf(transactionAtMicros), ref _tooOld).Frauds++;
        LastFraudAt = Math.Max(LastFraudAt, transactionAtMicros);
    }

    public void ApplyFailedLogin(long atMicros) => FailedLogins.Add(atMicros);

    public void ApplyCredentialChange(long atMicros) => LastCredentialChangeAt = Math.Max(LastCredentialChangeAt, atMicros);

    public void ApplyAddressChange(long atMicros) => LastAddressChangeAt = Math.Max(LastAddressChangeAt, atMicros);

    /// <summary>The lower median of the recent amounts; 0 without any. One compromised week moves a mean, hardly a median.</summary>
    internal long MedianAmount()
    {
        if (Recent.Count == 0) return 0;
        Span<long> amounts = stackalloc long[FraudLimits.RecentMax];
        amounts = amounts[..Recent.Count];
        for (var i = 0; i < amounts.Length; i++) amounts[i] = Recent[i].Amount;
        amounts.Sort();
        return amounts[(amounts.Length - 1) / 2];
    }

    private bool IsUnusual(long amount) => Recent.Count >= FraudLimits.UsualAtLeast && (Int128)amount > (Int128)FraudLimits.UnusualTimes * MedianAmount();
}
