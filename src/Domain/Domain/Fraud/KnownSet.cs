namespace Lambda.Domain.Fraud;

/// <summary>Names that were seen, with how often, in the order of their last use; the least recently used one makes room.</summary>
internal sealed class KnownSet
{
    private (ulong Name, int Times)[] _items = [];
    private int _count;

    /// <summary>How often the name was seen since it is known; 0 when it is not.</summary>
    public int Times(ulong name)
    {
        for (var i = _count - 1; i >= 0; i--)
            if (_items[i].Name == name) return _items[i].Times;
        return 0;
    }

    /// <summary>0 is no name.</summary>
    public void Add(ulong name)
    {
        if (name == 0) return;
        var at = _count - 1;
        while (at >= 0 && _items[at].Name != name) at--;
        var times = at < 0 ? 1 : _items[at].Times + 1;
        if (at < 0 && _count < FraudLimits.KnownMax)
        {
            if (_count == _items.Length) Array.Resize(ref _items, Math.Min(FraudLimits.KnownMax, Math.Max(2, _count * 2)));
            at = _count++;
        }
        else at = Math.Max(0, at); // full: the first makes room
        Array.Copy(_items, at + 1, _items, at, _count - at - 1);
        _items[_count - 1] = (name, times);
    }
}
