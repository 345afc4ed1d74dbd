namespace Lambda.Domain.Fraud;

/// <summary>
/// The features of a transaction, from what was remembered before it. One list: a model names them, and a model with other names is refused.
/// Missing is NaN. Days are UTC days; a window of n days is today and the n − 1 before it.
/// </summary>
public static class FraudFeatures
{
    /// <summary>Days without a fraud to tell of.</summary>
    private const float NoneDays = 100;

    public static readonly IReadOnlyList<FraudFeature> All =
    [
        new("amount", "major units of two decimals"), new("night", "1 between 0 and 6 o'clock, UTC"), new("weekend", "1 on Saturday and Sunday, UTC"), new("hour", "of the day, UTC"),
        new("customer_count_1d", "transactions of the last 24 h and this one, of the last 64"), new("customer_mean_1d", "their mean amount"),
        new("customer_count_7d", "transactions of 7 days and this one"), new("customer_mean_7d", "their mean amount"),
        new("customer_count_30d", "transactions of 30 days and this one"), new("customer_mean_30d", "their mean amount"),
        new("customer_mean_90d", "mean amount of 90 days before this one"), new("ratio_mean_90d", "amount ÷ that mean"), new("z_90d", "amount's distance from that mean in deviations of at least 1"),
        new("ratio_max_recent", "amount ÷ the largest of the last 64"), new("ratio_typical", "amount ÷ the median of the last 64"),
        new("large_14d", "of the last 64, those of 14 × 24 h above 3 × the median"), new("large_7d", "the same of 7 × 24 h"), new("large_3d", "the same of 3 × 24 h"),
        new("gap_seconds", "since the transaction before"), new("count_1h", "of the last 64, those of the last hour"), new("declines_in_row", "declined transactions just before"),
        new("new_place", "1 if the terminal or merchant is in none of the last 64"), new("new_country", "the same of the country"), new("new_device", "the same of the device"), new("new_channel", "the same of the channel"),
        new("terminal_count_1d", "known transactions of the day that many days before as labels take, and the day before it"), new("terminal_share_1d", "their share of fraud"),
        new("terminal_count_7d", "known transactions of that day and 7 before it"), new("terminal_share_7d", "their share of fraud"), new("terminal_frauds_7d", "their frauds"),
        new("terminal_share_14d", "share of fraud of that day and 14 before it"),
        new("terminal_count_30d", "known transactions of that day and 30 before it"), new("terminal_share_30d", "their share of fraud"), new("terminal_frauds_30d", "their frauds"),
        new("terminal_last_fraud_days", "since the last known fraud; 100 for none"), new("terminal_first_fraud_days", "since the first one of 60 days; 100 for none"),
        new("terminal_streak", "last known transactions that were all fraud"), new("terminal_streak_days", "since the first of them; 100 for none"),
        new("terminal_new_1d", "transactions of the last 24 hours not due for labels"), new("terminal_new_7d", "the same of 7 days"),
    ];

    public static int Count => All.Count;

    /// <summary>Fills Count values. The terminal is settled to the transaction's time, nothing else changes.</summary>
    public static void Compute(in FraudTransaction t, CustomerMemory customer, TerminalMemory terminal, int labelDelayDays, Span<float> to)
    {
        var next = new Writer(to);
        OfTransaction(t, ref next);
        OfWindows(t, customer, ref next);
        OfRecent(t, customer, ref next);
        terminal.Settle(t.Seconds);
        OfTerminal(t, terminal, labelDelayDays, ref next);
        if (next.At != Count) throw new InvalidOperationException($"{next.At} features computed, {Count} named");
    }

    private static void OfTransaction(in FraudTransaction t, ref Writer to)
    {
        var hour = ((t.Hour % 24) + 24) % 24;
        to.Add(t.BoundedMinor / 100.0);
        to.Add(hour <= 6 ? 1 : 0);
        to.Add(((((t.Day + 3) % 7) + 7) % 7) >= 5 ? 1 : 0); // 1970-01-01 was a Thursday
        to.Add(hour);
    }

    private static void OfWindows(in FraudTransaction t, CustomerMemory customer, ref Writer to)
    {
        long count = 1, sum = t.BoundedMinor;
        for (var i = 0; i < customer.RecentCount; i++)
        {
            ref readonly var u = ref customer.Recent(i);
            if (t.Seconds - u.Seconds > FraudLimits.SecondsPerDay) continue;
            count++;
            sum += u.BoundedMinor;
        }
        to.Add(count);
        to.Add(sum / 100.0 / count);
        foreach (var days in (ReadOnlySpan<int>)[7, 30])
        {
            var window = customer.Window(t.Day, days);
            to.Add(window.Count + 1);
            to.Add((double)(window.Sum + t.BoundedMinor) / 100.0 / (window.Count + 1));
        }
        OfHistory(t.BoundedMinor / 100.0, customer.Window(t.Day, 90), ref to);
    }

    private static void OfHistory(double amount, in DaySum history, ref Writer to)
    {
        var n = history.Count;
        var mean = n == 0 ? double.NaN : (double)history.Sum / n / 100.0;
        var variance = n < 2 ? double.NaN : (double)((history.Squares * n) - (history.Sum * history.Sum)) / ((double)n * n) / 10_000.0;
        to.Add(mean);
        to.Add(amount / mean);
        to.Add((amount - mean) / Math.Max(1, Math.Sqrt(variance)));
    }

    private static void OfRecent(in FraudTransaction t, CustomerMemory customer, ref Writer to)
    {
        var n = customer.RecentCount;
        Span<long> amounts = stackalloc long[FraudLimits.RecentTransactions];
        amounts = amounts[..n];
        for (var i = 0; i < n; i++) amounts[i] = customer.Recent(i).BoundedMinor;
        amounts.Sort();
        var typical = n == 0 ? 0 : amounts[n / 2];
        to.Add(n == 0 ? double.NaN : t.BoundedMinor / (double)amounts[n - 1]);
        to.Add(n == 0 ? double.NaN : t.BoundedMinor / (double)typical);
        var counts = new RecentCounts();
        for (var i = 0; i < n; i++) counts.Take(t, customer.Recent(i), typical);
        to.Add(counts.Large14);
        to.Add(counts.Large7);
        to.Add(counts.Large3);
        to.Add(n == 0 ? double.NaN : Math.Max(0, t.Seconds - customer.Recent(0).Seconds));
        to.Add(counts.Hour1);
        to.Add(customer.DeclinesInRow);
        to.Add(IsNew(t.Place, counts.SamePlace, n));
        to.Add(IsNew(t.Country, counts.SameCountry, n));
        to.Add(IsNew(t.Device, counts.SameDevice, n));
        to.Add(IsNew(t.Channel, counts.SameChannel, n));
    }

    private static double IsNew(ulong name, bool isKnown, int n) => name == 0 || n == 0 ? double.NaN : isKnown ? 0 : 1;

    private static void OfTerminal(in FraudTransaction t, TerminalMemory terminal, int delayDays, ref Writer to)
    {
        var edge = t.Day - delayDays;
        var (d1, d7, d14, d30) = (terminal.Known(edge, 2), terminal.Known(edge, 8), terminal.Known(edge, 15), terminal.Known(edge, 31));
        to.Add(d1.Count);
        to.Add(d1.Share);
        to.Add(d7.Count);
        to.Add(d7.Share);
        to.Add(d7.Frauds);
        to.Add(d14.Share);
        to.Add(d30.Count);
        to.Add(d30.Share);
        to.Add(d30.Frauds);
        to.Add(DaysSince(t, terminal.LastFraudHour));
        to.Add(terminal.FirstFraudDay(edge, 60) is { } first ? t.Day - first : NoneDays);
        to.Add(terminal.Streak);
        to.Add(DaysSince(t, terminal.StreakHour));
        to.Add(terminal.PendingSince(t.Hour - 24));
        to.Add(terminal.PendingSince(t.Hour - (7 * 24)));
    }

    private static double DaysSince(in FraudTransaction t, int? hour) => hour is { } h ? Math.Min(NoneDays, (t.Hour - h) / 24.0) : NoneDays;

    private ref struct Writer(Span<float> to)
    {
        private readonly Span<float> _to = to;

        public int At { get; private set; }

        public void Add(double value) => _to[At++] = (float)value;
    }

    private struct RecentCounts
    {
        public int Large14, Large7, Large3, Hour1;
        public bool SamePlace, SameCountry, SameDevice, SameChannel;

        public void Take(in FraudTransaction t, in FraudTransaction u, long typical)
        {
            var age = t.Seconds - u.Seconds;
            if (age <= FraudLimits.SecondsPerHour) Hour1++;
            SamePlace |= u.Place == t.Place;
            SameCountry |= u.Country == t.Country;
            SameDevice |= u.Device == t.Device;
            SameChannel |= u.Channel == t.Channel;
            if (u.BoundedMinor <= FraudLimits.LargeTimesTypical * typical) return;
            if (age <= 14 * FraudLimits.SecondsPerDay) Large14++;
            if (age <= 7 * FraudLimits.SecondsPerDay) Large7++;
            if (age <= 3 * FraudLimits.SecondsPerDay) Large3++;
        }
    }
}

/// <param name="Name">As the model's file has it: a storage format.</param>
public sealed record FraudFeature(string Name, string Doc);
