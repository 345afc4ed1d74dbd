using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud;

/// <summary>
/// What is remembered of one customer to judge the next transaction: bounded by <see cref="FraudLimits"/>, integers only, a function of the events applied in
/// log order. Features are computed before the transaction itself is applied. One object serves one customer after the other: see <see cref="FraudState"/>.
/// </summary>
public sealed partial class CustomerFraudMemory
{
    /// <param name="Id">32 bits of the transaction's: enough to tell 64 apart.</param>
    internal record struct Seen(uint Id, long At, long Amount, bool IsUnusual, bool IsFraud);

    internal readonly Recent<Seen> Recent = new(FraudLimits.RecentMax);
    internal readonly DayBuckets Days = new(FraudLimits.DaysKept);
    internal readonly KnownSet Merchants = new(), Terminals = new(), Countries = new(), Devices = new(), Channels = new();
    internal readonly Recent<long> FailedLogins = new(FraudLimits.FailedLoginsMax);
    internal readonly int[] Hours = new int[24], Weekdays = new int[7];
    internal int Count, DeclinesInRow;
    internal long LastFraudAt = long.MinValue, LastCredentialChangeAt = long.MinValue, LastAddressChangeAt = long.MinValue, LastPlaceAt;
    internal Place? LastPlace;
    private readonly uint[] _profile = new uint[ProfileParts]; // what profiles said last
    private DayBucket _tooOld;

    private const int ProfileParts = 4, ContactParts = 2; // e-mail, telephone · country, city

    /// <summary>One event of the customer, once, in log order.</summary>
    /// <returns>Of a transaction: whether its amount was unusual for this customer, which the acceptor's memory needs to know.</returns>
    public bool Apply(in FraudEvent it)
    {
        switch (it.Kind)
        {
            case FraudEventKind.Transaction: return Apply(it.Transaction);
            case FraudEventKind.FailedLogin: FailedLogins.Add(it.AtMicros); break;
            case FraudEventKind.CredentialChange: LastCredentialChangeAt = Math.Max(LastCredentialChangeAt, it.AtMicros); break;
            case FraudEventKind.AddressChange: LastAddressChangeAt = Math.Max(LastAddressChangeAt, it.AtMicros); break;
            case FraudEventKind.Profile: ApplyProfile(it); break;
            case FraudEventKind.Label: ApplyFraud(it.Of); break;
            default: throw new InvalidOperationException($"fraud event of kind {it.Kind}");
        }
        return false;
    }

    /// <summary>How many transactions, and how much in minor units, within a span up to 24 h before <paramref name="nowMicros"/>: exact over the last <see cref="FraudLimits.RecentMax"/>.</summary>
    public (int Count, Int128 SumMinor) Within(long nowMicros, long spanMicros)
    {
        var (count, sum) = (0, (Int128)0);
        for (var i = 0; i < Recent.Count; i++)
        {
            ref readonly var seen = ref Recent[i];
            if (nowMicros - seen.At is var age && (age < 0 || age >= spanMicros)) continue;
            count++;
            sum += seen.Amount;
        }
        return (count, sum);
    }

    /// <summary>Of somebody of whom nothing is known.</summary>
    public void Clear()
    {
        Recent.Clear();
        Days.Clear();
        foreach (var known in Known) known.Clear();
        FailedLogins.Clear();
        Array.Clear(Hours);
        Array.Clear(Weekdays);
        Array.Clear(_profile);
        (Count, DeclinesInRow, LastPlaceAt, LastPlace) = (0, 0, 0, null);
        LastFraudAt = LastCredentialChangeAt = LastAddressChangeAt = long.MinValue;
    }

    private KnownSet[] Known => _known ??= [Merchants, Terminals, Countries, Devices, Channels];
    private KnownSet[]? _known;

    private bool Apply(in FraudTransaction transaction)
    {
        var isUnusual = IsUnusual(transaction.AmountMinor);
        Recent.Add(new Seen((uint)transaction.Id, transaction.AtMicros, transaction.AmountMinor, isUnusual, false));
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

    /// <summary>One of the transactions is known to be fraud: counted at its own day, if it is among the recent ones; of an older one it is not known when it was.</summary>
    private void ApplyFraud(ulong transaction)
    {
        for (var i = 0; i < Recent.Count; i++)
        {
            ref var seen = ref Recent[i];
            if (seen.Id != (uint)transaction) continue;
            if (seen.IsFraud) return; // a chargeback and an analyst may say the same
            seen.IsFraud = true;
            Days.Of(Clock.DayOf(seen.At), ref _tooOld).Frauds++;
            LastFraudAt = Math.Max(LastFraudAt, seen.At);
            return;
        }
    }

    /// <summary>A change is what differs from what was said before: nightly copies of a whole profile change nothing.</summary>
    private void ApplyProfile(in FraudEvent it)
    {
        if (Differs(0, it.Email) | Differs(1, it.Phone)) LastCredentialChangeAt = Math.Max(LastCredentialChangeAt, it.AtMicros);
        if (Differs(ContactParts, it.Country) | Differs(ContactParts + 1, it.City)) LastAddressChangeAt = Math.Max(LastAddressChangeAt, it.AtMicros);
    }

    private bool Differs(int part, ulong name)
    {
        if (name == 0) return false;
        var (before, now) = (_profile[part], KnownSet.Folded(name));
        _profile[part] = now;
        return before != 0 && before != now;
    }

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

    /// <summary>Above so many times the lower median, without sorting: more than half of the others lie so far below it.</summary>
    private bool IsUnusual(long amount)
    {
        if (Recent.Count < FraudLimits.UsualAtLeast) return false;
        var below = 0;
        for (var i = 0; i < Recent.Count; i++)
            if ((Int128)FraudLimits.UnusualTimes * Recent[i].Amount < amount) below++;
        return below > (Recent.Count - 1) / 2;
    }
}
