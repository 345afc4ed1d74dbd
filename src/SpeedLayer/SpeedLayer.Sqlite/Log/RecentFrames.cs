using Lambda.SpeedLayer.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Sqlite.Log;

/// <summary>
/// The newest frames, uncompressed, so that who reads the tail neither asks SQLite nor decompresses. Bounded by bytes over all partitions, the oldest
/// go first. Not thread-safe.
/// </summary>
internal sealed class RecentFrames(int partitions, long bytesMax)
{
    private const int FrameOverheadBytes = 128;

    private readonly FrameRing[] _rings = [.. Enumerable.Range(0, partitions).Select(_ => new FrameRing())];
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
    public List<LogFrame>? Read(int partition, long from, int maxBytes) => _rings[partition].Read(from, maxBytes);
}
