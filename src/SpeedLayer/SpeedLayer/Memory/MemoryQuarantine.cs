using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>Quarantine in memory: a list in order of id.</summary>
public sealed class MemoryQuarantine : IQuarantine
{
    private readonly Lock _lock = new();
    private readonly List<QuarantineEntry> _entries = [];
    private long _lastId;

    public void Add(IReadOnlyList<QuarantineEntry> entries, bool once)
    {
        lock (_lock)
        {
            foreach (var entry in entries)
                if (!once || !_entries.Exists(e => Same(e, entry)))
                    _entries.Add(entry with { Id = ++_lastId, Raw = entry.Raw.ToArray(), ReplayedAtMs = null });
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
            for (var i = 0; i < _entries.Count; i++)
                if (ids.Contains(_entries[i].Id)) _entries[i] = _entries[i] with { ReplayedAtMs = atMs };
    }

    public void Delete(IReadOnlyList<long> ids)
    {
        lock (_lock) _entries.RemoveAll(e => ids.Contains(e.Id));
    }

    public IReadOnlyDictionary<string, long> Counts()
    {
        lock (_lock) return _entries.Where(e => e.ReplayedAtMs is null).GroupBy(e => e.Reason).ToDictionary(g => g.Key, g => g.LongCount());
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static bool Same(QuarantineEntry stands, QuarantineEntry entry) =>
        stands.ReplayedAtMs is null && stands.Source == entry.Source && stands.Reason == entry.Reason && stands.Raw.Span.SequenceEqual(entry.Raw.Span);
}
