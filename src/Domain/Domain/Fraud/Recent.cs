namespace Lambda.Domain.Fraud;

/// <summary>The last <paramref name="max"/> items in the order they came; grows with what it holds, so that a new customer costs little.</summary>
internal sealed class Recent<T>(int max) where T : struct
{
    private T[] _items = [];
    private int _next;

    public int Count { get; private set; }

    /// <summary>0 is the newest.</summary>
    public ref T this[int back]
    {
        get
        {
            var at = _next - 1 - back;
            return ref _items[at < 0 ? at + _items.Length : at];
        }
    }

    public void Add(in T item)
    {
        if (Count == _items.Length && Count < max) Grow();
        _items[_next] = item;
        _next = _next + 1 == _items.Length ? 0 : _next + 1;
        if (Count < _items.Length) Count++;
    }

    public void Clear() => (Count, _next) = (0, 0);

    /// <summary>Only when full and below the bound; then the oldest stands at _next.</summary>
    private void Grow()
    {
        var larger = new T[Math.Min(max, Math.Max(4, Count * 2))];
        for (var i = 0; i < Count; i++) larger[Count - 1 - i] = this[i];
        (_items, _next) = (larger, Count);
    }
}
