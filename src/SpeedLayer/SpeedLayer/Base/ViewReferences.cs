namespace Lambda.SpeedLayer.Base;

/// <summary>
/// Counts who still reads a base view: its owner and every reader inside. After <see cref="Retire"/> nobody gets in; the last one out frees it.
/// </summary>
internal sealed class ViewReferences(Action free)
{
    private const int Retired = int.MinValue; // the sign bit; the rest counts readers

    private int _state;

    public bool TryAcquire()
    {
        for (var seen = Volatile.Read(ref _state); seen >= 0;)
        {
            var before = Interlocked.CompareExchange(ref _state, seen + 1, seen);
            if (before == seen) return true;
            seen = before;
        }
        return false;
    }

    /// <summary>Once more for somebody who reads already: works on a retired view too, as long as it is not freed.</summary>
    public bool TryShare()
    {
        for (var seen = Volatile.Read(ref _state); seen != Retired;)
        {
            var before = Interlocked.CompareExchange(ref _state, seen + 1, seen);
            if (before == seen) return true;
            seen = before;
        }
        return false;
    }

    public void Release()
    {
        var now = Interlocked.Decrement(ref _state);
        if (now is -1 or int.MaxValue) throw new InvalidOperationException("base view released more often than acquired");
        if (now == Retired) free();
    }

    /// <summary>Repeatable.</summary>
    public void Retire()
    {
        var before = Interlocked.Or(ref _state, Retired);
        if (before == 0) free();
    }
}
