using System.Collections.Concurrent;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>Cards in memory: for tests and the simulation.</summary>
public sealed class MemoryCardDirectory : ICardDirectory
{
    private readonly ConcurrentDictionary<string, CardEntry> _cards = new();

    public CardEntry? Find(string token) => _cards.GetValueOrDefault(token);

    public void Put(IReadOnlyList<CardEntry> entries)
    {
        foreach (var entry in entries) _cards.AddOrUpdate(entry.Token, entry, (_, kept) => Rank(entry).CompareTo(Rank(kept)) >= 0 ? entry : kept);
    }

    public void Forget(CustomerId customer)
    {
        foreach (var (token, entry) in _cards)
            if (entry.Customer.Equals(customer)) _cards.TryRemove(token, out _);
    }

    private static (long, int, long) Rank(CardEntry entry) => (entry.OccurredAtMicros, entry.Partition, entry.Offset);
}
