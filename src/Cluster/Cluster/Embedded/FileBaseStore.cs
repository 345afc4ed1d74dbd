using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Base;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Embedded;

/// <summary>Base files in a folder, by name.</summary>
internal sealed class FileBaseStore(string folder) : IBaseStore
{
    public async Task<Artefact> BuildAsync(
        long epoch, string definitionHash, int partition, IAsyncEnumerable<(CustomerId Customer, State State)> states, CancellationToken cancel)
    {
        using var writer = new BaseFileWriter(folder, partition, epoch, definitionHash);
        await foreach (var (customer, state) in states.WithCancellation(cancel)) writer.Add(customer.Utf8, state.Encoded);
        var info = writer.Complete();
        return new Artefact(Path.GetFileName(info.Path), info.Sha256, info.Customers);
    }

    public IBaseView Open(Artefact file)
    {
        var path = Path.Combine(folder, file.Name);
        if (!File.Exists(path)) throw new BaseCorruptException(path, "it is not there");
        var view = BaseFile.Open(path);
        if (view.Info.Sha256 == file.Hash) return view;
        view.Retire();
        throw new BaseCorruptException(path, $"it is not the published one (hash {view.Info.Sha256}, published {file.Hash})");
    }

    public void Retire(IBaseView view) => ((BaseFile)view).Retire();

    public void DeleteExcept(IReadOnlyCollection<string> names)
    {
        foreach (var path in Directory.EnumerateFiles(folder).Where(p => !names.Contains(Path.GetFileName(p)))) File.Delete(path);
    }
}
