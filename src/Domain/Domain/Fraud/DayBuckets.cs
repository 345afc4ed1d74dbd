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
/// Days on which something happened, ascending. A day is kept while it lies less than <paramref name="kept"/> before the newest seen: what is held depends on what
/// came, not on its order.
/// </summary>
internal sealed class DayBuckets(int kept)
{
    private DayBucket[] _days = [];
    private int _first, _end;

    /// <summary>The bucket of a day to add to; <paramref name="tooOld"/> takes what is not kept any more.</summary>
    public ref DayBucket Of(int day, ref DayBucket tooOld)
    {
        if (_end > _first && day <= _days[_end - 1].Day - kept) return ref tooOld;
        var at = _end;
        while (at > _first && _days[at - 1].Day >= day) at--;
        if (at < _end && _days[at].Day == day) return ref _days[at];
        at = Insert(at, day);
        while (_days[_first].Day <= _days[_end - 1].Day - kept) _first++;
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
        Room(from.Count(kept));
        var day = 0;
        for (var i = 0; i < _end; i++)
            _days[i] = new DayBucket
            {
                Day = day += (int)from.Signed(), Count = from.Count(int.MaxValue), Unusual = from.Count(int.MaxValue), Frauds = from.Count(int.MaxValue),
                UsualFrauds = from.Count(int.MaxValue), Sum = from.Wide(), SumSquares = from.Wide(), UsualSum = from.Wide(),
            };
    }

    /// <summary>Without sums, where only counts are kept: most days are one number.</summary>
    public void WriteCounts(FraudWriter to)
    {
        to.Varint(_end - _first);
        var before = 0;
        foreach (ref readonly var day in _days.AsSpan(_first, _end - _first))
        {
            to.Signed(day.Day - before);
            before = day.Day;
            var isPlain = (day.Unusual | day.Frauds | day.UsualFrauds) == 0;
            to.Varint((ulong)day.Count << 1 | (isPlain ? 0u : 1));
            if (isPlain) continue;
            to.Varint(day.Unusual);
            to.Varint(day.Frauds);
            to.Varint(day.UsualFrauds);
        }
    }

    public void ReadCounts(ref FraudReader from)
    {
        Room(from.Count(kept));
        var day = 0;
        for (var i = 0; i < _end; i++)
        {
            day += (int)from.Signed();
            var count = from.Varint();
            if (count >> 1 > int.MaxValue) throw new InvalidDataException($"fraud memory: a count of {count >> 1}");
            var it = new DayBucket { Day = day, Count = (int)(count >> 1) };
            if ((count & 1) != 0) (it.Unusual, it.Frauds, it.UsualFrauds) = (from.Count(int.MaxValue), from.Count(int.MaxValue), from.Count(int.MaxValue));
            _days[i] = it;
        }
    }

    private void Room(int count)
    {
        if (count > _days.Length) _days = new DayBucket[Math.Min(2 * kept + 2, Math.Max(4, count * 2))];
        (_first, _end) = (0, count);
    }

    private int Insert(int at, int day)
    {
        if (_end == _days.Length)
        {
            var count = _end - _first;
            var into = _first > 0 && count <= _days.Length / 2 ? _days : new DayBucket[Math.Min(2 * kept + 2, Math.Max(4, count * 2))];
            Array.Copy(_days, _first, into, 0, count);
            (at, _days, _first, _end) = (at - _first, into, 0, count);
        }
        Array.Copy(_days, at, _days, at + 1, _end - at);
        _days[at] = new DayBucket { Day = day };
        _end++;
        return at;
    }
}
