using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud;

/// <param name="Name">Fixed: models name their features.</param>
/// <param name="Doc">What it says, with its unit.</param>
public sealed record FraudFeature(string Name, string Doc);

/// <summary>
/// The feature vector of a transaction: what the memories held before it, seen at its own time. Their bounded computation is the definition: spans up to 24 h
/// over the last <see cref="FraudLimits.RecentMax"/> transactions, longer ones over UTC days, today included. Fraud that became known counts as soon as it was
/// applied; what it is compared with are transactions older than the label delay, whose fraud would be known by now.
/// </summary>
public static partial class FraudFeatures
{
    private static readonly (string Name, long Micros)[] Spans =
        [("1m", FraudTime.Minute), ("10m", 10 * FraudTime.Minute), ("1h", FraudTime.Hour), ("6h", 6 * FraudTime.Hour), ("24h", 24 * FraudTime.Hour)];
    private static readonly int[] DaySpans = [7, 14, 30, 90], RiskSpans = [7, 14, 28];
    private static readonly int[] LastMatured = [1, 3, 10];

    /// <summary>The usual amounts' ratio where there is no history to compare with.</summary>
    private const float NoHistory = -1;

    /// <summary>Days of label delay that the buckets have room for.</summary>
    public const int LabelDelayMax = 7;

    /// <summary>An episode at an acceptor is looked for this far back.</summary>
    private const int EpisodeDays = 35;

    public static IReadOnlyList<FraudFeature> All { get; } = [.. Describe()];

    public static int Count => All.Count;

    /// <summary>Fills <paramref name="into"/>, of <see cref="Count"/> places, without allocation.</summary>
    /// <param name="acceptor">Null where the transaction names none.</param>
    /// <param name="labelDelayDays">After how many days fraud is known, 0..<see cref="LabelDelayMax"/>.</param>
    public static void Compute(in FraudTransaction transaction, CustomerFraudMemory customer, AcceptorFraudMemory? acceptor, int labelDelayDays, Span<float> into)
    {
        if (into.Length != Count) throw new ArgumentException($"{into.Length} places, expected {Count}", nameof(into));
        var row = new Row(into);
        Itself(ref row, transaction);
        Recently(ref row, transaction, customer);
        OverDays(ref row, transaction, customer);
        AgainstRecent(ref row, transaction, customer);
        Habits(ref row, transaction, customer);
        Security(ref row, transaction, customer);
        Acceptor(ref row, transaction.AtMicros, acceptor ?? Nowhere, labelDelayDays);
    }

    /// <summary>The acceptor's part alone, into a vector whose other features stand.</summary>
    public static void ComputeAcceptor(long atMicros, AcceptorFraudMemory? acceptor, int labelDelayDays, Span<float> into)
    {
        if (into.Length != Count) throw new ArgumentException($"{into.Length} places, expected {Count}", nameof(into));
        var row = new Row(into[AcceptorFrom..]);
        Acceptor(ref row, atMicros, acceptor ?? Nowhere, labelDelayDays);
    }

    /// <summary>Grows with a customer's years alone: that it has moved says nothing.</summary>
    public static bool IsAge(string feature) => feature == "count" || feature.StartsWith("times_", StringComparison.Ordinal);

    private static int AcceptorFrom { get; } = Count - OfAcceptors().Count();

    private static readonly AcceptorFraudMemory Nowhere = new();

    private ref struct Row(Span<float> values)
    {
        private readonly Span<float> _values = values;
        private int _next;

        public void Add(double value) => _values[_next++] = (float)value;

        public void Add(bool value) => Add(value ? 1 : 0);
    }

    private static void Itself(ref Row row, in FraudTransaction transaction)
    {
        row.Add(transaction.AmountMinor);
        row.Add(FraudTime.HourOf(transaction.AtMicros));
        row.Add(FraudTime.WeekdayOf(transaction.AtMicros));
    }

    private static void Recently(ref Row row, in FraudTransaction transaction, CustomerFraudMemory customer)
    {
        Span<int> counts = stackalloc int[Spans.Length];
        Span<Int128> sums = stackalloc Int128[Spans.Length];
        counts.Clear();
        sums.Clear();
        var (unusual, last, lastUnusual) = (0, long.MinValue, long.MinValue);
        for (var i = 0; i < customer.Recent.Count; i++)
        {
            ref readonly var seen = ref customer.Recent[i];
            var age = transaction.AtMicros - seen.At;
            if (age < 0) continue; // later than this one: came before it, happened after it
            last = Math.Max(last, seen.At);
            if (seen.IsUnusual) lastUnusual = Math.Max(lastUnusual, seen.At);
            for (var s = Spans.Length - 1; s >= 0 && age < Spans[s].Micros; s--)
            {
                counts[s]++;
                sums[s] += seen.Amount;
                if (s == Spans.Length - 1 && seen.IsUnusual) unusual++;
            }
        }
        for (var s = 0; s < Spans.Length; s++)
        {
            row.Add(counts[s]);
            row.Add((double)sums[s]);
        }
        row.Add(unusual);
        row.Add(FraudTime.Days(last, transaction.AtMicros));
        row.Add(FraudTime.Days(lastUnusual, transaction.AtMicros));
    }

    private static void OverDays(ref Row row, in FraudTransaction transaction, CustomerFraudMemory customer)
    {
        var today = Clock.DayOf(transaction.AtMicros);
        foreach (var span in DaySpans)
        {
            var sums = customer.Days.Over(today - span + 1, today);
            var (mean, deviation) = (sums.Mean, sums.Deviation);
            row.Add(sums.Count);
            row.Add((double)sums.Sum);
            row.Add(mean);
            row.Add(deviation);
            row.Add(Ratio(transaction.AmountMinor, mean));
            row.Add(deviation > 0 ? (transaction.AmountMinor - mean) / deviation : 0);
            row.Add(Ratio(transaction.AmountMinor, sums.UsualMean));
            row.Add(sums.Unusual);
            row.Add(sums.Frauds);
        }
        row.Add(FraudTime.Days(customer.LastFraudAt, transaction.AtMicros));
    }

    private static void AgainstRecent(ref Row row, in FraudTransaction transaction, CustomerFraudMemory customer)
    {
        var (largest, notBelow) = (0L, 0);
        for (var i = 0; i < customer.Recent.Count; i++)
        {
            var amount = customer.Recent[i].Amount;
            largest = Math.Max(largest, amount);
            if (amount >= transaction.AmountMinor) notBelow++;
        }
        row.Add(customer.MedianAmount());
        row.Add(Ratio(transaction.AmountMinor, customer.MedianAmount()));
        row.Add(Ratio(transaction.AmountMinor, largest));
        row.Add(Share(notBelow, customer.Recent.Count));
    }

    private static void Habits(ref Row row, in FraudTransaction transaction, CustomerFraudMemory customer)
    {
        var hour = FraudTime.HourOf(transaction.AtMicros);
        var near = customer.Hours[hour] + customer.Hours[(hour + 1) % 24] + customer.Hours[(hour + 23) % 24];
        row.Add(customer.Count);
        row.Add(Share(near, customer.Count));
        row.Add(Share(customer.Weekdays[FraudTime.WeekdayOf(transaction.AtMicros)], customer.Count));
        row.Add(TimesOf(customer.Merchants, transaction.Merchant));
        row.Add(TimesOf(customer.Terminals, transaction.Terminal));
        row.Add(TimesOf(customer.Countries, transaction.Country));
        row.Add(TimesOf(customer.Devices, transaction.Device));
        row.Add(TimesOf(customer.Channels, transaction.Channel));
        row.Add(customer.DeclinesInRow);
    }

    private static void Security(ref Row row, in FraudTransaction transaction, CustomerFraudMemory customer)
    {
        var (hour, day) = (0, 0);
        for (var i = 0; i < customer.FailedLogins.Count; i++)
        {
            var age = transaction.AtMicros - customer.FailedLogins[i];
            if (age is >= 0 and < FraudTime.Hour) hour++;
            if (age is >= 0 and < 24 * FraudTime.Hour) day++;
        }
        row.Add(hour);
        row.Add(day);
        row.Add(FraudTime.Days(customer.LastCredentialChangeAt, transaction.AtMicros));
        row.Add(FraudTime.Days(customer.LastAddressChangeAt, transaction.AtMicros));
        if (transaction.Place is { } here && customer.LastPlace is { } there)
        {
            var (km, seconds) = (there.KmTo(here), Math.Max(1, (transaction.AtMicros - customer.LastPlaceAt) / FraudTime.Second));
            row.Add(km);
            row.Add(km * 3600 / seconds);
        }
        else
        {
            row.Add(NoHistory);
            row.Add(NoHistory);
        }
    }

    private static double Ratio(long amount, double usual) => usual > 0 ? amount / usual : NoHistory;

    private static double Share(int part, int whole) => whole > 0 ? (double)part / whole : NoHistory;

    private static double TimesOf(KnownSet known, ulong name) => name == 0 ? NoHistory : known.Times(name);
}
