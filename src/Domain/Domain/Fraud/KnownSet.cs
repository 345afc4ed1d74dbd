namespace Lambda.Domain.Fraud;

/// <summary>
/// Names that were seen, with how often, in the order of their last use; the least recently used one makes room. Of a name 32 bits are kept: two of 48 are taken for
/// one in four million customers.
/// </summary>
internal sealed class KnownSet
{
    private (uint Name, int Times)[] _items = [];
    private int _count;

    /// <summary>How often the name was seen since it is known; 0 when it is not.</summary>
    public int Times(ulong name)
    {
        var folded = Folded(name);
        for (var i = _count - 1; i >= 0; i--)
            if (_items[i].Name == folded) return _items[i].Times;
        return 0;
    }

    /// <summary>0 is no name.</summary>
    public void Add(ulong name)
    {
        if (name == 0) return;
        var folded = Folded(name);
        var at = _count - 1;
        while (at >= 0 && _items[at].Name != folded) at--;
        var times = at < 0 ? 1 : _items[at].Times + 1;
        if (at < 0 && _count < FraudLimits.KnownMax)
        {
            Room(_count + 1);
            at = _count++;
        }
        else at = Math.Max(0, at); // full: the first makes room
        Array.Copy(_items, at + 1, _items, at, _count - at - 1);
        _items[_count - 1] = (folded, times);
    }

    public void Clear() => _count = 0;

    public void Write(FraudWriter to)
    {
        to.Varint(_count);
        foreach (var (name, times) in _items.AsSpan(0, _count))
        {
            to.UInt32(name);
            to.Varint(times);
        }
    }

    public void Read(ref FraudReader from)
    {
        _count = from.Count(FraudLimits.KnownMax);
        Room(_count);
        for (var i = 0; i < _count; i++) _items[i] = (from.UInt32(), from.Count(int.MaxValue));
    }

    private void Room(int count)
    {
        if (count > _items.Length) Array.Resize(ref _items, Math.Min(FraudLimits.KnownMax, Math.Max(2, Math.Max(count, _count * 2))));
    }

    /// <summary>The same again for what is folded already; never 0, which stands for none.</summary>
    public static uint Folded(ulong name) => name == 0 ? 0 : Math.Max(1, (uint)(name ^ name >> 32));
}
