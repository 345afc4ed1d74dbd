using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Sqlite.Log;

/// <summary>
/// The newest frames, uncompressed, so that who reads the tail neither asks SQLite nor decompresses. Bounded by bytes over all partitions, the oldest
/// go first. Not thread-safe.
/// </summary>
internal sealed class RecentFrames(int partitions, long bytesMax)
{
    private const int FrameOverheadBytes = 128;

    private readonly Ring[] _rings = [.. Enumerable.Range(0, partitions).Select(_ => new Ring())];
    private readonly Queue<int> _order = new();
    private long _bytes;

    public void Add(LogFrame frame)
    {
        _rings[frame.Partition].Add(frame);
        _order.Enqueue(frame.Partition);
        _bytes += frame.Records.Length + FrameOverheadBytes;
        while (_bytes > bytesMax && _order.TryDequeue(out var partition))
            _bytes -= _rings[partition].RemoveFirst().Records.Length + FrameOverheadBytes;
    }

    /// <summary>Null when <paramref name="from"/> lies before what is kept.</summary>
    public List<LogFrame>? Read(int partition, long from, int maxBytes)
    {
        var ring = _rings[partition];
        if (ring.Count == 0 || ring[0].FirstOffset > from) return null;
        int low = 0, high = ring.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ring[middle].EndOffset <= from) low = middle + 1;
            else high = middle;
        }
        var frames = new List<LogFrame>();
        for (long bytes = 0; low < ring.Count && (frames.Count == 0 || bytes < maxBytes); low++)
        {
            frames.Add(ring[low]);
            bytes += ring[low].Records.Length;
        }
        return frames;
    }

    private sealed class Ring
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

        private void Grow()
        {
            var larger = new LogFrame?[_frames.Length * 2];
            for (var i = 0; i < Count; i++) larger[i] = this[i];
            (_frames, _head) = (larger, 0);
        }
    }
}
