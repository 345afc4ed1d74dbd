using Lambda.Domain.Fraud;

namespace Lambda.Domain.Tests.Fraud;

/// <summary>The features said in obvious code over lists of all that happened; nothing is forgotten, everything is looked through each time.</summary>
internal sealed class NaiveFraudFeatures(int delayDays)
{
    private readonly List<FraudTransaction> _ofCustomer = [];

    /// <summary>Hours of the terminal: the transactions that joined each, and the frauds.</summary>
    private readonly List<(int Hour, int Count, int Frauds)> _hours = [];

    private readonly List<(int Day, int Count, int Frauds)> _known = [];
    private readonly List<(int Hour, int Count, int Frauds)> _settled = [];
    private int _settledHour = int.MinValue;
    private int? _lastFraud;

    public void ApplyCustomer(FraudTransaction t) => _ofCustomer.Add(t);

    public void ApplyTerminal(FraudTransaction t)
    {
        Settle(t);
        if (t.Hour <= _settledHour)
        {
            AddKnown(t.Day, 1, 0);
            return;
        }
        var at = _hours.FindIndex(h => h.Hour >= t.Hour);
        if (at >= 0) _hours[at] = _hours[at] with { Count = _hours[at].Count + 1 };
        else _hours.Add((t.Hour, 1, 0));
    }

    public void ApplyFraud(long seconds)
    {
        var hour = FraudTransaction.HourOf(seconds);
        if (hour > _settledHour)
        {
            var at = _hours.FindIndex(h => h.Hour >= hour);
            if (at >= 0) _hours[at] = _hours[at] with { Frauds = _hours[at].Frauds + 1 };
        }
        else if (AddKnown((int)Math.Floor(hour / 24.0), 0, 1)) _lastFraud = Math.Max(_lastFraud ?? hour, hour);
    }

    public float[] Compute(FraudTransaction t)
    {
        Settle(t);
        return [.. OfCustomer(t).Concat(OfTerminal(t)).Select(v => (float)v)];
    }

    private IEnumerable<double> OfCustomer(FraudTransaction t)
    {
        var recent = _ofCustomer.TakeLast(FraudLimits.RecentTransactions).Reverse().ToArray();
        var day = recent.Where(u => t.Seconds - u.Seconds <= 86_400).Append(t).ToArray();
        var (w7, w30, w90) = (Window(t, 7), Window(t, 30), Window(t, 90));
        var mean = w90.Length == 0 ? double.NaN : (double)Sum(w90) / w90.Length / 100.0;
        var squares = w90.Aggregate((Int128)0, (s, u) => s + ((Int128)u.BoundedMinor * u.BoundedMinor));
        var variance = w90.Length < 2 ? double.NaN : (double)((squares * w90.Length) - (Sum(w90) * Sum(w90))) / ((double)w90.Length * w90.Length) / 10_000.0;
        var amount = t.BoundedMinor / 100.0;
        var sorted = recent.Select(u => u.BoundedMinor).Order().ToArray();
        var typical = sorted.Length == 0 ? double.NaN : sorted[sorted.Length / 2];
        int Large(int days) => recent.Count(u => u.BoundedMinor > 3 * typical && t.Seconds - u.Seconds <= days * 86_400);
        double New(Func<FraudTransaction, ulong> of) => recent.Length == 0 || of(t) == 0 ? double.NaN : recent.Any(u => of(u) == of(t)) ? 0 : 1;
        var time = DateTime.UnixEpoch.AddSeconds(t.Seconds);
        return
        [
            amount, time.Hour <= 6 ? 1 : 0, time.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? 1 : 0, time.Hour,
            day.Length, (double)(long)Sum(day) / 100.0 / day.Length, w7.Length + 1, (double)(Sum(w7) + t.BoundedMinor) / 100.0 / (w7.Length + 1), w30.Length + 1, (double)(Sum(w30) + t.BoundedMinor) / 100.0 / (w30.Length + 1),
            mean, amount / mean, (amount - mean) / Math.Max(1, Math.Sqrt(variance)),
            sorted.Length == 0 ? double.NaN : t.BoundedMinor / (double)sorted[^1], t.BoundedMinor / typical, Large(14), Large(7), Large(3),
            recent.Length == 0 ? double.NaN : Math.Max(0, t.Seconds - recent[0].Seconds), recent.Count(u => t.Seconds - u.Seconds <= 3_600),
            _ofCustomer.AsEnumerable().Reverse().TakeWhile(u => u.IsDeclined).Count(),
            New(u => u.Place), New(u => u.Country), New(u => u.Device), New(u => u.Channel),
        ];
    }

    private FraudTransaction[] Window(FraudTransaction t, int days)
    {
        if (_ofCustomer.Count == 0) return [];
        var oldest = _ofCustomer.Max(u => u.Day) - FraudLimits.CustomerDays;
        return [.. _ofCustomer.Where(u => u.Day > oldest && u.Day > t.Day - days && u.Day <= t.Day)];
    }

    private static Int128 Sum(IEnumerable<FraudTransaction> of) => of.Aggregate((Int128)0, (s, u) => s + u.BoundedMinor);

    private IEnumerable<double> OfTerminal(FraudTransaction t)
    {
        var edge = t.Day - delayDays;
        var (k1, k7, k14, k30) = (Known(edge, 2), Known(edge, 8), Known(edge, 15), Known(edge, 31));
        double Share((int Count, int Frauds) k) => k.Count == 0 ? 0 : (float)k.Frauds / k.Count;
        var first = _known.Where(k => IsHeld(k.Day) && k.Day > edge - 60 && k.Day <= edge && k.Frauds > 0).Select(k => (int?)k.Day).Min();
        var streak = _settled.AsEnumerable().Reverse().TakeWhile(h => h.Frauds > 0).ToList();
        var mixed = streak.FindIndex(h => h.Frauds < h.Count);
        if (mixed >= 0) streak = streak[..(mixed + 1)];
        double Since(int? hour) => hour is { } h ? Math.Min(100, (t.Hour - h) / 24.0) : 100;
        return
        [
            k1.Count, Share(k1), k7.Count, Share(k7), k7.Frauds, Share(k14), k30.Count, Share(k30), k30.Frauds, Since(_lastFraud), first is { } f ? t.Day - f : 100,
            streak.Sum(h => h.Frauds), Since(streak.Count == 0 ? null : streak[^1].Hour),
            _hours.Where(h => h.Hour >= t.Hour - 24).Sum(h => h.Count), _hours.Where(h => h.Hour >= t.Hour - (7 * 24)).Sum(h => h.Count),
        ];
    }

    private (int Count, int Frauds) Known(int last, int days)
    {
        var of = _known.Where(k => IsHeld(k.Day) && k.Day > last - days && k.Day <= last).ToArray();
        return (of.Sum(k => k.Count), of.Sum(k => k.Frauds));
    }

    /// <summary>The newest day is that of the newest hour that was settled.</summary>
    private bool IsHeld(int day) => _settled.Count > 0 && DayOf(_settled.Max(h => h.Hour)) is var newest && day <= newest && day > newest - FraudLimits.TerminalDays;

    private bool AddKnown(int day, int count, int frauds)
    {
        if (!IsHeld(day)) return false;
        _known.Add((day, count, frauds));
        return true;
    }

    private void Settle(FraudTransaction t)
    {
        var before = t.Hour - (delayDays * 24);
        while (_hours.Count > 0 && _hours[0].Hour < before)
        {
            var hour = _hours[0];
            _hours.RemoveAt(0);
            _settled.Add(hour);
            _known.Add((DayOf(hour.Hour), hour.Count, hour.Frauds));
            if (hour.Frauds > 0) _lastFraud = Math.Max(_lastFraud ?? hour.Hour, hour.Hour);
        }
        _settledHour = Math.Max(_settledHour, before - 1);
    }

    private static int DayOf(int hour) => (int)Math.Floor(hour / 24.0);
}
