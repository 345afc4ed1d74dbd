namespace Lambda.Domain.Fraud;

/// <summary>
/// What is remembered of a terminal or merchant: hours whose labels are not due yet, and by day how many transactions are known by now and how many of them were fraud.
/// An hour is known once the label delay has passed since its end. In log order; the bounded computation is the definition. One writer.
/// </summary>
public sealed class TerminalMemory
{
    private readonly int _delayHours;
    private readonly DayLabels[] _days = new DayLabels[FraudLimits.TerminalDays];
    private HourLabels[] _pending = new HourLabels[4];
    private int _first, _count;
    private int _newestKnownDay = int.MinValue, _settledHour = int.MinValue;

    /// <param name="labelDelayDays">A label counts this long after its transaction, however early it came.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not within 1…LabelDelayDaysMax.</exception>
    public TerminalMemory(int labelDelayDays)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(labelDelayDays, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(labelDelayDays, FraudLimits.LabelDelayDaysMax);
        _delayHours = labelDelayDays * 24;
    }

    /// <summary>Hour (since 1970) of the last known fraud; null for none.</summary>
    public int? LastFraudHour { get; private set; }

    /// <summary>The last known transactions, all fraud without one in between. An hour with both kinds counts its frauds as its last.</summary>
    public int Streak { get; private set; }

    /// <summary>Hour of the streak's first; null without a streak.</summary>
    public int? StreakHour { get; private set; }

    /// <summary>Takes hours into what is known whose delay has passed at this time.</summary>
    public void Settle(long nowSeconds)
    {
        var knownBefore = FraudTransaction.HourOf(nowSeconds) - _delayHours;
        while (_count > 0 && _pending[_first].Hour < knownBefore) TakeFirst();
        _settledHour = Math.Max(_settledHour, knownBefore - 1);
    }

    public void Apply(in FraudTransaction t)
    {
        Settle(t.Seconds);
        if (t.Hour > _settledHour) PendingOf(t.Hour).Count++;
        else if (IsHeld(FloorDay(t.Hour))) _days[Slot(FloorDay(t.Hour))].Count++;
    }

    /// <summary>The transaction of that time was fraud. Later than the delay, it changes the day and the last fraud, not the streak.</summary>
    public void ApplyFraud(long seconds)
    {
        var hour = FraudTransaction.HourOf(seconds);
        if (hour > _settledHour)
        {
            if (FirstFrom(hour) is >= 0 and var at) PendingAt(at).Frauds++;
            return;
        }
        if (!IsHeld(FloorDay(hour))) return;
        _days[Slot(FloorDay(hour))].Frauds++;
        LastFraudHour = Math.Max(LastFraudHour ?? hour, hour);
    }

    /// <summary>Known transactions and frauds of the days (last − days, last].</summary>
    public DayLabels Known(int last, int days)
    {
        var sum = default(DayLabels);
        if (_newestKnownDay == int.MinValue) return sum;
        for (var day = Math.Max(last - days + 1, OldestDay); day <= Math.Min(last, _newestKnownDay); day++)
        {
            sum.Count += _days[Slot(day)].Count;
            sum.Frauds += _days[Slot(day)].Frauds;
        }
        return sum;
    }

    /// <summary>The first day with a known fraud in (last − days, last]; null for none.</summary>
    public int? FirstFraudDay(int last, int days)
    {
        if (LastFraudHour is null) return null;
        for (var day = Math.Max(last - days + 1, OldestDay); day <= Math.Min(last, _newestKnownDay); day++)
            if (_days[Slot(day)].Frauds > 0) return day;
        return null;
    }

    /// <summary>Transactions from this hour on whose labels are not due.</summary>
    public int PendingSince(int hour)
    {
        var sum = 0;
        for (var i = _count - 1; i >= 0; i--)
        {
            if (PendingAt(i).Hour >= hour) sum += PendingAt(i).Count;
        }
        return sum;
    }

    private int OldestDay => _newestKnownDay - FraudLimits.TerminalDays + 1;

    private bool IsHeld(int day) => day <= _newestKnownDay && day >= OldestDay;

    private ref HourLabels PendingAt(int i) => ref _pending[(_first + i) % _pending.Length];

    /// <summary>The first hour held that is not before this one; −1 for none.</summary>
    private int FirstFrom(int hour)
    {
        var at = _count;
        while (at > 0 && PendingAt(at - 1).Hour >= hour) at--;
        return at < _count ? at : -1;
    }

    /// <summary>A transaction that comes late joins the next hour that is held: none is put between others.</summary>
    private ref HourLabels PendingOf(int hour)
    {
        if (FirstFrom(hour) is >= 0 and var at) return ref PendingAt(at);
        if (_count == _pending.Length) Grow();
        ref var added = ref PendingAt(_count++);
        added = new HourLabels { Hour = hour };
        return ref added;
    }

    private void TakeFirst()
    {
        var hour = PendingAt(0);
        _settledHour = Math.Max(_settledHour, hour.Hour);
        _first = (_first + 1) % _pending.Length;
        _count--;
        Advance(FloorDay(hour.Hour));
        ref var day = ref _days[Slot(FloorDay(hour.Hour))];
        day.Count += hour.Count;
        day.Frauds += hour.Frauds;
        if (hour.Frauds > 0) LastFraudHour = Math.Max(LastFraudHour ?? hour.Hour, hour.Hour);
        var goesOn = hour.Frauds >= hour.Count && Streak > 0;
        StreakHour = hour.Frauds == 0 ? null : goesOn ? StreakHour : hour.Hour;
        Streak = hour.Frauds == 0 ? 0 : goesOn ? Streak + hour.Frauds : hour.Frauds;
    }

    private void Advance(int day)
    {
        if (day <= _newestKnownDay) return;
        var from = _newestKnownDay == int.MinValue ? day - FraudLimits.TerminalDays + 1 : Math.Max(_newestKnownDay + 1, day - FraudLimits.TerminalDays + 1);
        for (var d = from; d <= day; d++) _days[Slot(d)] = default;
        _newestKnownDay = day;
    }

    private void Grow()
    {
        var larger = new HourLabels[Math.Min(_pending.Length * 2, FraudLimits.PendingHours)];
        for (var i = 0; i < _count; i++) larger[i] = PendingAt(i);
        (_pending, _first) = (larger, 0);
    }

    private static int FloorDay(int hour) => (int)Math.Floor(hour / 24.0);

    private static int Slot(int day) => ((day % FraudLimits.TerminalDays) + FraudLimits.TerminalDays) % FraudLimits.TerminalDays;

    private struct HourLabels
    {
        public int Hour, Count, Frauds;
    }
}

/// <summary>Known transactions of days, and how many of them were fraud.</summary>
public struct DayLabels
{
    public int Count, Frauds;

    public readonly float Share => Count == 0 ? 0 : (float)Frauds / Count;
}
