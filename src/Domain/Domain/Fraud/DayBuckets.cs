namespace Lambda.Domain.Fraud;

/// <summary>Sums of one UTC day, or of several.</summary>
internal struct DayBucket
{
    public int Day, Count, Unusual, Frauds, UsualFrauds;
    public UInt128 Sum, SumSquares, UsualSum;

    public readonly int Usual => Count - Unusual;
    public readonly double Mean => Count == 0 ? 0 : (double)Sum / Count;
    public readonly double UsualMean => Usual == 0 ? 0 : (double)UsualSum / Usual;

    /// <summary>Of the population, not of a sample.</summary>
    public readonly double Deviation => Count == 0 ? 0 : Math.Sqrt(Math.Max(0, (double)SumSquares / Count - Mean * Mean));

    public void Add(in DayBucket other)
    {
        Count += other.Count;
        Unusual += other.Unusual;
        Frauds += other.Frauds;
        UsualFrauds += other.UsualFrauds;
        Sum += other.Sum;
        SumSquares += other.SumSquares;
        UsualSum += other.UsualSum;
    }
}

/// <summary>
/// Days on which something happened, ascending. A day is kept while it lies less than <see cref="FraudLimits.DaysKept"/> before the newest seen: what is held
/// depends on what came, not on its order.
/// </summary>
internal sealed class DayBuckets
{
    private DayBucket[] _days = [];
    private int _first, _end;

    /// <summary>The bucket of a day to add to; <paramref name="tooOld"/> takes what is not kept any more.</summary>
    public ref DayBucket Of(int day, ref DayBucket tooOld)
    {
        if (_end > _first && day <= _days[_end - 1].Day - FraudLimits.DaysKept) return ref tooOld;
        var at = _end;
        while (at > _first && _days[at - 1].Day >= day) at--;
        if (at < _end && _days[at].Day == day) return ref _days[at];
        at = Insert(at, day);
        while (_days[_first].Day <= _days[_end - 1].Day - FraudLimits.DaysKept) _first++;
        return ref _days[at];
    }

    /// <summary>Sums of the days from…to, both included.</summary>
    public DayBucket Over(int from, int to)
    {
        var sums = new DayBucket();
        for (var i = _end - 1; i >= _first && _days[i].Day >= from; i--)
            if (_days[i].Day <= to) sums.Add(_days[i]);
        return sums;
    }

    public void Clear() => _first = _end = 0;

    public void Write(FraudWriter to)
    {
        to.Varint(_end - _first);
        var before = 0;
        foreach (ref readonly var day in _days.AsSpan(_first, _end - _first))
        {
            to.Signed(day.Day - before);
            before = day.Day;
            to.Varint(day.Count);
            to.Varint(day.Unusual);
            to.Varint(day.Frauds);
            to.Varint(day.UsualFrauds);
            to.Wide(day.Sum);
            to.Wide(day.SumSquares);
            to.Wide(day.UsualSum);
        }
    }

    public void Read(ref FraudReader from)
    {
        var count = from.Count(FraudLimits.DaysKept);
        if (count > _days.Length) _days = new DayBucket[Math.Min(2 * FraudLimits.DaysKept + 2, Math.Max(4, count * 2))];
        (_first, _end) = (0, count);
        var day = 0;
        for (var i = 0; i < count; i++)
            _days[i] = new DayBucket
            {
                Day = day += (int)from.Signed(), Count = from.Count(int.MaxValue), Unusual = from.Count(int.MaxValue), Frauds = from.Count(int.MaxValue),
                UsualFrauds = from.Count(int.MaxValue), Sum = from.Wide(), SumSquares = from.Wide(), UsualSum = from.Wide(),
            };
    }

    private int Insert(int at, int day)
    {
        if (_end == _days.Length)
        {
            var count = _end - _first;
            var into = _first > 0 && count <= _days.Length / 2 ? _days : new DayBucket[Math.Min(2 * FraudLimits.DaysKept + 2, Math.Max(4, count * 2))];
            Array.Copy(_days, _first, into, 0, count);
            (at, _days, _first, _end) = (at - _first, into, 0, count);
        }
        Array.Copy(_days, at, _days, at + 1, _end - at);
        _days[at] = new DayBucket { Day = day };
        _end++;
        return at;
    }
}
