namespace Lambda.SpeedLayer.Log;

/// <summary>
/// Who waits until a partition's end lies past an offset: no polling. Not thread-safe: guarded by the lock that guards the end; completed outside of it.
/// </summary>
public sealed class OffsetWaiters
{
    private readonly List<(long Offset, TaskCompletionSource Done)> _waiting = [];

    public Task Add(long offset)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((offset, done));
        return done.Task;
    }

    public void Remove(Task task) => _waiting.RemoveAll(w => w.Done.Task == task);

    /// <summary>Moves those whose offset lies before <paramref name="end"/> into <paramref name="woken"/>.</summary>
    public void Take(long end, List<TaskCompletionSource> woken)
    {
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].Offset >= end) continue;
            woken.Add(_waiting[i].Done);
            _waiting.RemoveAt(i);
        }
    }
}
