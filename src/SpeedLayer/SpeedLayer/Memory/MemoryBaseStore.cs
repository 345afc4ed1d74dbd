using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>Base views kept in memory by name.</summary>
public sealed class MemoryBaseStore : IBaseStore
{
    private readonly Dictionary<string, (long Epoch, string Definition, List<StoredEntity> Rows, string Hash)> _files = [];

    public async Task<Artefact> BuildAsync(
        long epoch, string definitionHash, int partition, IAsyncEnumerable<(CustomerId Customer, State State)> states, CancellationToken cancel)
    {
        var rows = new List<StoredEntity>();
        var bytes = new ArrayBufferWriter<byte>();
        await foreach (var (customer, state) in states.WithCancellation(cancel))
        {
            var one = new ArrayBufferWriter<byte>();
            state.Encode(one);
            rows.Add(new StoredEntity(customer, one.WrittenMemory));
            bytes.Write(customer.Utf8);
            bytes.Write(one.WrittenSpan);
        }
        var name = string.Create(CultureInfo.InvariantCulture, $"base-{partition}-e{epoch}");
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes.WrittenSpan));
        _files[name] = (epoch, definitionHash, rows, hash);
        return new Artefact(name, hash, rows.Count);
    }

    public IBaseView Open(Artefact file) => _files.TryGetValue(file.Name, out var found) && found.Hash == file.Hash
        ? new MemoryBaseView(found.Epoch, found.Definition, found.Rows)
        : throw new BaseCorruptException(file.Name, "it is not there, or not the published one");

    public void Retire(IBaseView view) => ((MemoryBaseView)view).Retire();

    public void DeleteExcept(IReadOnlyCollection<string> names)
    {
        foreach (var name in _files.Keys.Except(names).ToList()) _files.Remove(name);
    }
}
