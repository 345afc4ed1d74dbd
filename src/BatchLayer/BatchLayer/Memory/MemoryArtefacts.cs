using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Lambda.BatchLayer.Ports;

namespace Lambda.BatchLayer.Memory;

/// <summary>Artefacts in memory, for tests.</summary>
public sealed class MemoryArtefacts : IArtefactStore
{
    private const int PieceBytes = 1_000;

    /// <summary>A test may damage what is here.</summary>
    public ConcurrentDictionary<string, byte[]> All { get; } = [];

    public async Task PutAsync(string name, Stream content, CancellationToken cancel)
    {
        var bytes = new MemoryStream();
        await content.CopyToAsync(bytes, cancel);
        All.TryAdd(name, bytes.ToArray());
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string name, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (!All.TryGetValue(name, out var bytes)) throw new ArtefactMissingException(name);
        await Task.CompletedTask;
        for (var at = 0; at < bytes.Length; at += PieceBytes) yield return bytes.AsMemory(at, Math.Min(PieceBytes, bytes.Length - at));
    }

    public Task DropExceptAsync(IReadOnlyCollection<string> keep, CancellationToken cancel)
    {
        foreach (var name in All.Keys.Where(n => !keep.Contains(n))) All.TryRemove(name, out _);
        return Task.CompletedTask;
    }
}
