using System.Text.Json;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Import;

/// <summary>One small file an import, replaced atomically, in the engine's data folder.</summary>
internal sealed class FileImportJournal : IImportJournal
{
    private readonly string _folder;

    public FileImportJournal(string dataFolder) => _folder = Directory.CreateDirectory(Path.Combine(dataFolder, "imports")).FullName;

    public ImportProgress? Get(string key)
    {
        var file = FileOf(key);
        return File.Exists(file) ? JsonSerializer.Deserialize<ImportProgress>(File.ReadAllBytes(file)) : null;
    }

    public void Put(string key, ImportProgress progress)
    {
        var next = FileOf(key) + ".next";
        using (var file = File.Create(next))
        {
            JsonSerializer.Serialize(file, progress);
            file.Flush(flushToDisk: true);
        }
        File.Move(next, FileOf(key), overwrite: true);
    }

    private string FileOf(string key) => Path.Combine(_folder, key + ".json");
}
