using System.Collections.Concurrent;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>Sealed digits in memory: for tests.</summary>
public sealed class MemoryCardDigits : ICardDigits
{
    private readonly ConcurrentDictionary<string, byte[]> _rows = new();

    public void Put(string row, byte[] sealedDigits) => _rows.TryAdd(row, sealedDigits);

    public byte[]? Find(string row) => _rows.GetValueOrDefault(row);

    public long Remove(IReadOnlyCollection<string> rows) => rows.Count(r => _rows.TryRemove(r, out _));

    public void Dispose() { }
}
