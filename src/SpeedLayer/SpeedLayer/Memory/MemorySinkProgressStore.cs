using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>Sink progress in memory.</summary>
public sealed class MemorySinkProgressStore : ISinkProgressStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, SinkProgress> _progress = [];
    private readonly Dictionary<(int Partition, long Epoch), SinkProgress> _barriers = [];

    public SinkProgress Load(int partition) { lock (_lock) return _progress.GetValueOrDefault(partition, SinkProgress.Zero); }

    public void Save(IReadOnlyList<(int Partition, SinkProgress Progress)> progress, IReadOnlyList<(int Partition, long Epoch, SinkProgress AtBarrier)> barriers)
    {
        lock (_lock)
        {
            foreach (var (partition, now) in progress) _progress[partition] = now;
            foreach (var (partition, epoch, at) in barriers) _barriers.TryAdd((partition, epoch), at);
        }
    }

    public SinkProgress? AtBarrier(int partition, long epoch) { lock (_lock) return _barriers.GetValueOrDefault((partition, epoch)); }
}
