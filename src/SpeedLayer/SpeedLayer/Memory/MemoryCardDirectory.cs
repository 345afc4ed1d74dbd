using System.Collections.Concurrent;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>Cards in memory: for tests and the simulation.</summary>
public sealed class MemoryCardDirectory : ICardDirectory
{
    private readonly ConcurrentDictionary<string, CardEntry> _cards = new();

    private readonly ConcurrentDictionary<string, string> _older = new();

    public CardEntry? Find(string token)
    {
        for (string? at = token; at is not null; at = _older.GetValueOrDefault(at))
            if (_cards.TryGetValue(at, out var entry)) return entry;
        return null;
    }

    public void Link(string older, string newer) => _older[newer] = older;

    public void Dispose() { }

    public void Put(IReadOnlyList<CardEntry> entries)
    {
        foreach (var entry in entries) _cards.AddOrUpdate(entry.Token, entry, (_, kept) => Rank(entry).CompareTo(Rank(kept)) >= 0 ? entry : kept);
    }

    public IReadOnlyList<string> TokensOf(CustomerId customer, long belowOffset) =>
        [.. _cards.Values.Where(e => e.Customer.Equals(customer) && e.Offset < belowOffset).SelectMany(e => Linked(e.Token)).Distinct()];

    public IReadOnlyList<string> Linked(string token)
    {
        var group = new HashSet<string> { token };
        for (var before = 0; before < group.Count;)
        {
            before = group.Count;
            foreach (var (newer, older) in _older)
                if (group.Contains(newer) || group.Contains(older)) group.UnionWith([newer, older]);
        }
        return [.. group];
    }

    public long Forget(CustomerId customer, long belowOffset)
    {
        var forgotten = 0L;
        foreach (var (token, entry) in _cards)
            if (entry.Customer.Equals(customer) && entry.Offset < belowOffset && _cards.TryRemove(token, out _)) forgotten++;
        foreach (var (newer, older) in _older)
            if (Find(newer) is null && _older.TryRemove(newer, out _)) forgotten++;
        return forgotten;
    }

    private static (long, int, long) Rank(CardEntry entry) => (entry.OccurredAtMicros, entry.Partition, entry.Offset);
}
