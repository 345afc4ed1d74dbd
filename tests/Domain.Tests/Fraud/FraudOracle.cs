using Lambda.Domain.Fraud;
using static Lambda.Domain.Tests.Fraud.Happened;

namespace Lambda.Domain.Tests.Fraud;

/// <summary>What each feature means, from the raw list of what happened: obvious, slow, without any memory.</summary>
/// <param name="cut">Below it lies what is known of the acceptor, its transactions by (time, partition, order); null: all that came before, in its order.</param>
internal sealed partial class FraudOracle(IReadOnlyList<Happened> before, FraudTransaction now, int delay, IReadOnlyList<Happened>? cut = null, long? asOf = null)
{
    private const long Second = 1_000_000, Hour = 3600 * Second, Day = 24 * Hour;
    private const float Never = 1e6f;

    private readonly List<FraudTransaction> _all = [.. before.OfType<Paid>().Select(p => p.Transaction)];
    private readonly Dictionary<string, float> _features = [];

    public Dictionary<string, float> Features()
    {
        Itself();
        Spans();
        DaySpans();
        Recent();
        Habits();
        Security();
        Acceptor();
        return _features;
    }

    private List<FraudTransaction> Own => [.. _all.Where(t => t.Customer == now.Customer)];

    /// <summary>Fraud that is known by now.</summary>
    private HashSet<ulong> Frauds => [.. before.OfType<Known>().Select(k => _all[k.Payment].Id)];

    /// <summary>Of those, the ones that were among their customer's last 64 when they became known.</summary>
    private HashSet<ulong> OwnFrauds
    {
        get
        {
            var (among, paid) = (new HashSet<ulong>(), new List<FraudTransaction>());
            foreach (var it in before)
            {
                if (it is Paid payment) paid.Add(payment.Transaction);
                if (it is not Known known) continue;
                var fraud = _all[known.Payment];
                if (paid.Where(t => t.Customer == fraud.Customer).TakeLast(64).Any(t => t.Id == fraud.Id)) among.Add(fraud.Id);
            }
            return among;
        }
    }

    private static int DayOf(long at) => (int)Math.Floor((decimal)at / Day);

    private static int HourOf(long at) => (int)((at - DayOf(at) * Day) / Hour);

    private static int Weekday(long at) => ((int)DateTime.UnixEpoch.AddDays(DayOf(at)).DayOfWeek + 6) % 7;

    private void Set(string name, double value) => _features.Add(name, (float)value);

    private void Since(string name, IEnumerable<long> times) =>
        Set(name, times.Any() ? Math.Max(0, now.AtMicros - times.Max()) / (double)Day : Never);

    private static double Share(int part, int whole) => whole == 0 ? -1 : (double)part / whole;

    private double Ratio(double usual) => usual > 0 ? now.AmountMinor / usual : -1;

    private static long Median(IEnumerable<FraudTransaction> of)
    {
        var sorted = of.Select(t => t.AmountMinor).Order().ToList();
        return sorted.Count == 0 ? 0 : sorted[(sorted.Count - 1) / 2];
    }

    /// <summary>Above three times the median of the customer's last 64 before it, if there were five.</summary>
    private bool IsUnusual(FraudTransaction it)
    {
        var earlier = _all.TakeWhile(t => t.Id != it.Id).Where(t => t.Customer == it.Customer).TakeLast(64).ToList();
        return earlier.Count >= 5 && (Int128)it.AmountMinor > 3 * (Int128)Median(earlier);
    }

    /// <summary>Of those whose day is remembered: less than so many days before the newest.</summary>
    private static List<FraudTransaction> Over(List<FraudTransaction> of, int kept, int from, int to) =>
        [.. of.Where(t => DayOf(t.AtMicros) >= from && DayOf(t.AtMicros) <= to && DayOf(t.AtMicros) > of.Max(o => DayOf(o.AtMicros)) - kept)];

    private void Itself()
    {
        Set("amount", now.AmountMinor);
        Set("hour", HourOf(now.AtMicros));
        Set("weekday", Weekday(now.AtMicros));
    }

    private void Spans()
    {
        var recent = Own.TakeLast(64).Where(t => t.AtMicros <= now.AtMicros).ToList();
        foreach (var (name, span) in new[] { ("1m", 60 * Second), ("10m", 600 * Second), ("1h", Hour), ("6h", 6 * Hour), ("24h", Day) })
        {
            var within = recent.Where(t => t.AtMicros > now.AtMicros - span).ToList();
            Set($"count_{name}", within.Count);
            Set($"sum_{name}", (double)within.Aggregate((Int128)0, (sum, t) => sum + t.AmountMinor));
            if (span == Day) Set("unusual_24h", within.Count(IsUnusual));
        }
        Since("days_since_last", recent.Select(t => t.AtMicros));
        Since("days_since_unusual", recent.Where(IsUnusual).Select(t => t.AtMicros));
    }

    private void DaySpans()
    {
        var (own, today, frauds) = (Own, DayOf(now.AtMicros), OwnFrauds);
        foreach (var span in new[] { 7, 14, 30, 90 })
        {
            var within = Over(own, 98, today - span + 1, today);
            var usual = within.Where(t => !IsUnusual(t)).ToList();
            var (sum, squares) = (Sum(within, t => (UInt128)t.AmountMinor), Sum(within, t => (UInt128)t.AmountMinor * (UInt128)t.AmountMinor));
            var mean = within.Count == 0 ? 0 : (double)sum / within.Count;
            var deviation = within.Count == 0 ? 0 : Math.Sqrt(Math.Max(0, (double)squares / within.Count - mean * mean));
            Set($"count_{span}d", within.Count);
            Set($"sum_{span}d", (double)sum);
            Set($"mean_{span}d", mean);
            Set($"deviation_{span}d", deviation);
            Set($"ratio_{span}d", Ratio(mean));
            Set($"z_{span}d", deviation > 0 ? (now.AmountMinor - mean) / deviation : 0);
            Set($"usual_ratio_{span}d", Ratio(usual.Count == 0 ? 0 : (double)Sum(usual, t => (UInt128)t.AmountMinor) / usual.Count));
            Set($"unusual_{span}d", within.Count - usual.Count);
            Set($"frauds_{span}d", within.Count(t => frauds.Contains(t.Id)));
        }
        Since("days_since_fraud", own.Where(t => frauds.Contains(t.Id)).Select(t => t.AtMicros));
    }

    private static UInt128 Sum(List<FraudTransaction> of, Func<FraudTransaction, UInt128> what) => of.Aggregate((UInt128)0, (sum, t) => sum + what(t));

    private void Recent()
    {
        var recent = Own.TakeLast(64).ToList();
        Set("median", Median(recent));
        Set("ratio_median", Ratio(Median(recent)));
        Set("ratio_largest", Ratio(recent.Count == 0 ? 0 : recent.Max(t => t.AmountMinor)));
        Set("share_not_below", Share(recent.Count(t => t.AmountMinor >= now.AmountMinor), recent.Count));
    }
}
