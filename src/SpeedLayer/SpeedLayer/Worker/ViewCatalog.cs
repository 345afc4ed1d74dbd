using System.Collections.Concurrent;
using System.Globalization;
using Lambda.Domain.Views;

namespace Lambda.SpeedLayer.Worker;

/// <summary>The definitions this installation has ever run under, compiled, by hash. A barrier names one; its text was stored before.</summary>
public interface IViewCatalog
{
    /// <exception cref="UnknownDefinitionException">No definition of this hash was stored.</exception>
    CompiledView ByHash(string hash);

    /// <summary>By the first 64 bits of the hash, as entities store it.</summary>
    CompiledView ByTag(ulong tag);
}

public sealed class UnknownDefinitionException(string hash) : Exception($"definition {hash} is not stored here; restore the definitions next to the log");

/// <summary>Compiles each definition once; what it does not know it asks <paramref name="load"/> for.</summary>
/// <param name="all">All stored definitions: asked when an entity names one that another process has stored since. Null: nobody else does.</param>
public sealed class ViewCatalog(Func<string, ViewDefinition?> load, Func<IEnumerable<ViewDefinition>>? all = null) : IViewCatalog
{
    private readonly ConcurrentDictionary<string, CompiledView> _byHash = new();
    private readonly ConcurrentDictionary<ulong, CompiledView> _byTag = new();

    public CompiledView Add(ViewDefinition definition)
    {
        var view = _byHash.GetOrAdd(definition.Hash, _ => new CompiledView(definition));
        _byTag.TryAdd(Tag(definition.Hash), view);
        return view;
    }

    public CompiledView ByHash(string hash) => _byHash.TryGetValue(hash, out var view)
        ? view
        : Add(load(hash) ?? throw new UnknownDefinitionException(hash));

    public CompiledView ByTag(ulong tag)
    {
        if (_byTag.TryGetValue(tag, out var view)) return view;
        foreach (var definition in all?.Invoke() ?? []) Add(definition);
        return _byTag.TryGetValue(tag, out view) ? view : throw new UnknownDefinitionException(tag.ToString("x16", CultureInfo.InvariantCulture) + "…");
    }

    /// <summary>The first 64 bits of a definition's hash.</summary>
    public static ulong Tag(string hash) => ulong.Parse(hash.AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
