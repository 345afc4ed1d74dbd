using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Log;

/// <summary>A partition's newest frames in memory, oldest first, found by offset. Not thread-safe.</summary>
public sealed class FrameRing
{
    private LogFrame?[] _frames = new LogFrame?[16];
    private int _head;

    public int Count { get; private set; }

    public LogFrame this[int index] => _frames[(_head + index) & (_frames.Length - 1)]!;

    public void Add(LogFrame frame)
    {
        if (Count == _frames.Length) Grow();
        _frames[(_head + Count++) & (_frames.Length - 1)] = frame;
    }

    public LogFrame RemoveFirst()
    {
        var first = _frames[_head]!;
        _frames[_head] = null;
        _head = (_head + 1) & (_frames.Length - 1);
        Count--;
        return first;
    }

    /// <summary>Frames from the one that holds <paramref name="from"/> on; null when it lies before what is kept.</summary>
    public List<LogFrame>? Read(long from, int maxBytes)
    {
        if (Count == 0 || this[0].FirstOffset > from) return null;
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (this[middle].EndOffset <= from) low = middle + 1;
            else high = middle;
        }
        var frames = new List<LogFrame>();
        for (long bytes = 0; low < Count && (frames.Count == 0 || bytes < maxBytes); low++)
        {
            frames.Add(this[low]);
            bytes += this[low].Records.Length;
        }
        return frames;
    }

    private void Grow()
    {
        var larger = new LogFrame?[_frames.Length * 2];
        for (var i = 0; i < Count; i++) larger[i] = this[i];
        (_frames, _head) = (larger, 0);
    }
}
