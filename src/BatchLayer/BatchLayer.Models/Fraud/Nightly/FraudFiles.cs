using System.Collections.Concurrent;
using Lambda.BatchLayer.Models.Fraud.Acceptors;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud.Nightly;

/// <summary>This node's copies of tables and models, streamed out of the warehouse when they are not there or damaged.</summary>
public sealed class FraudFiles
{
    private readonly string _folder;
    private readonly IArtefactStore _store;
    private readonly Action<string, Exception> _onError;
    private readonly ConcurrentDictionary<string, AcceptorFile> _tables = []; // open ones: checked once
    private readonly ConcurrentDictionary<string, NamedModel> _models = [];

    /// <param name="onError">Told of a damaged copy.</param>
    public FraudFiles(string folder, IArtefactStore store, Action<string, Exception> onError)
    {
        (_folder, _store, _onError) = (folder, store, onError);
        Directory.CreateDirectory(folder);
    }

    public string Scratch => Path.Combine(_folder, "making");

    /// <summary>The copy that is here; null when there is none, or a damaged one, which is told and removed.</summary>
    public AcceptorFile? LocalTable(AcceptorTableRef table)
    {
        if (_tables.TryGetValue(table.Name, out var open)) return open;
        if (!File.Exists(PathOf(table.Name))) return null;
        try
        {
            return Opened(table);
        }
        catch (AcceptorFileException e)
        {
            _onError("fraud tables", e);
            File.Delete(PathOf(table.Name));
            return null;
        }
    }

    /// <exception cref="AcceptorFileException">What the warehouse has is damaged too.</exception>
    /// <exception cref="ArtefactMissingException">The warehouse does not have it.</exception>
    public async Task<AcceptorFile> TableAsync(AcceptorTableRef table, CancellationToken cancel)
    {
        if (LocalTable(table) is { } here) return here;
        await FetchAsync(table.Name, cancel);
        return Opened(table);
    }

    /// <summary>Where a table is written before it has a name.</summary>
    public string NewTablePath => Path.Combine(_folder, "new_acceptors");

    /// <summary>Takes over a file that was made here, and gives it to all.</summary>
    public async Task<AcceptorFile> PutTableAsync(AcceptorTableRef table, CancellationToken cancel)
    {
        await using (var content = File.OpenRead(NewTablePath)) await _store.PutAsync(table.Name, content, cancel);
        File.Move(NewTablePath, PathOf(table.Name), overwrite: true);
        return Opened(table);
    }

    /// <summary>The copy of a model that is here; null when there is none, or a damaged one, which is told and removed.</summary>
    public NamedModel? LocalModel(FraudModelRef model)
    {
        if (_models.TryGetValue(model.Name, out var read)) return read;
        if (!File.Exists(PathOf(model.Name))) return null;
        try
        {
            return Read(model);
        }
        catch (FraudModelException e)
        {
            _onError("fraud models", e);
            File.Delete(PathOf(model.Name));
            return null;
        }
    }

    /// <exception cref="FraudModelException">What the warehouse has is damaged too, or of another version.</exception>
    /// <exception cref="ArtefactMissingException">The warehouse does not have it.</exception>
    public async Task<NamedModel> ModelAsync(FraudModelRef model, CancellationToken cancel)
    {
        if (LocalModel(model) is { } here) return here;
        await FetchAsync(model.Name, cancel);
        return Read(model);
    }

    /// <summary>Gives a model that was trained here to all.</summary>
    public Task PutModelAsync(FraudModelRef model, byte[] file, CancellationToken cancel) => _store.PutAsync(model.Name, new MemoryStream(file), cancel);

    /// <summary>Copies that nobody asks for any more.</summary>
    public void DeleteExcept(IReadOnlyCollection<string> names)
    {
        foreach (var name in _tables.Keys.Where(n => !names.Contains(n))) _tables.TryRemove(name, out _);
        foreach (var name in _models.Keys.Where(n => !names.Contains(n))) _models.TryRemove(name, out _);
        foreach (var path in Directory.EnumerateFiles(_folder).Where(p => !names.Contains(Path.GetFileName(p)))) File.Delete(path); // one that is mapped stays until it is let go
    }

    public Task DropFromStoreExceptAsync(IReadOnlyCollection<string> names, CancellationToken cancel) => _store.DropExceptAsync(names, cancel);

    private AcceptorFile Opened(AcceptorTableRef table)
    {
        var file = AcceptorFile.Open(PathOf(table.Name));
        if (file.Hash != table.Hash || file.Epoch != table.Epoch) throw new AcceptorFileException(file.Path, $"it is not the published one: epoch {file.Epoch}, SHA-256 {file.Hash}, expected {table.Epoch}, {table.Hash}");
        return _tables[table.Name] = file;
    }

    private NamedModel Read(FraudModelRef of)
    {
        var model = FraudModelFile.Read(File.ReadAllBytes(PathOf(of.Name)), of.Name, out var hash);
        if (hash != of.Hash) throw new FraudModelException($"{of.Name}: it is not the published one: {hash}, expected {of.Hash}");
        return _models[of.Name] = new NamedModel(hash, model);
    }

    private async Task FetchAsync(string name, CancellationToken cancel)
    {
        var path = PathOf(name) + ".tmp";
        await using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
        {
            await foreach (var piece in _store.ReadAsync(name, cancel)) await file.WriteAsync(piece, cancel);
            file.Flush(flushToDisk: true);
        }
        File.Move(path, PathOf(name), overwrite: true);
    }

    private string PathOf(string name) => Path.Combine(_folder, name);
}
