using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>Quarantine in memory: a list in order of id.</summary>
public sealed class MemoryQuarantine : IQuarantine
{
    private readonly Lock _lock = new();
    private readonly List<QuarantineEntry> _entries = [];

    public void Add(IReadOnlyList<QuarantineEntry> entries, bool once)
    {
        lock (_lock)
        {
            foreach (var entry in entries)
                if (!once || !_entries.Exists(e => Same(e, entry)))
                    _entries.Add(entry with { Id = _entries.Count + 1, Raw = entry.Raw.ToArray(), ReplayedAtMs = null });
        }
    }

    public IReadOnlyList<QuarantineEntry> List(long afterId, int limit, string? reason, bool includeReplayed)
    {
        lock (_lock)
            return [.. _entries.Where(e => e.Id > afterId && (reason is null || e.Reason == reason) && (includeReplayed || e.ReplayedAtMs is null)).Take(limit)];
    }

    public void MarkReplayed(IReadOnlyList<long> ids, long atMs)
    {
        lock (_lock)
            foreach (var id in ids)
                if (id > 0 && id <= _entries.Count) _entries[(int)id - 1] = _entries[(int)id - 1] with { ReplayedAtMs = atMs };
    }

    public IReadOnlyDictionary<string, long> Counts()
    {
        lock (_lock) return _entries.Where(e => e.ReplayedAtMs is null).GroupBy(e => e.Reason).ToDictionary(g => g.Key, g => g.LongCount());
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static bool Same(QuarantineEntry stands, QuarantineEntry entry) =>
        stands.ReplayedAtMs is null && stands.Source == entry.Source && stands.Reason == entry.Reason && stands.Raw.Span.SequenceEqual(entry.Raw.Span);
}
