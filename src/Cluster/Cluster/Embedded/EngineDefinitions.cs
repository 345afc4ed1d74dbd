using Lambda.BatchLayer.Ports;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Embedded;

/// <summary>The definitions of this installation: stored by hash, the served one, and the one that the next run will compute.</summary>
internal sealed class EngineDefinitions : IDefinitions
{
    private readonly IDefinitionStore _stored;
    private readonly InstallationFacts _facts;
    private readonly Func<string> _servedHash;
    private readonly Lock _gate = new();

    public EngineDefinitions(IDefinitionStore stored, InstallationFacts facts, Func<string> servedHash)
    {
        (_stored, _facts, _servedHash) = (stored, facts, servedHash);
        Views = new ViewCatalog(hash => stored.Get(hash) is { } text ? DefinitionLoader.LoadStored($"definition {hash[..8]}", text) : null, All);
        // Entities name definitions by a part of the hash, so all must be known.
        foreach (var definition in All()) Views.Add(definition);

        IEnumerable<ViewDefinition> All() => stored.Definitions().Select(d => DefinitionLoader.LoadStored($"{d.Name} ({d.Hash[..8]})", d.Text));
    }

    public ViewCatalog Views { get; }

    public ViewDefinition Current => Views.ByHash(_servedHash()).Definition;

    public ViewDefinition? Next => _facts.PendingDefinition is { } hash && hash != _servedHash() ? Views.ByHash(hash).Definition : null;

    /// <summary>By the first digits of its hash, as tables are named; null when none is stored.</summary>
    public ViewDefinition? ByPrefix(string prefix) =>
        Current is var current && current.Hash.StartsWith(prefix, StringComparison.Ordinal) ? current
        : _stored.Definitions().FirstOrDefault(d => d.Hash.StartsWith(prefix, StringComparison.Ordinal)) is { Hash: { } hash } ? Views.ByHash(hash).Definition : null;

    public ViewDefinition Check(string text, string file) => DefinitionLoader.Load(file, text);

    public ValueTask<ViewDefinition> AdoptAsync(string text, string file, CancellationToken cancel)
    {
        var definition = Check(text, file);
        lock (_gate)
        {
            Store(definition);
            _facts.PendingDefinition = definition.Hash == _servedHash() ? null : definition.Hash;
        }
        return new(definition);
    }

    /// <summary>Stored before a barrier may name it.</summary>
    public void Store(ViewDefinition definition)
    {
        _stored.Put(definition.Hash, definition.Name, definition.Text);
        Views.Add(definition);
    }
}
