using System.Text.RegularExpressions;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Export;

/// <summary>A folder below the configured root. A file is written beside its name, synced and then renamed, so it is there whole or not at all.</summary>
internal sealed partial class FolderTarget : IExportTarget
{
    private const string Unfinished = ".unfinished";

    private FolderTarget(string folder) => Place = folder;

    public string Place { get; }

    /// <param name="path">Names joined by `/`.</param>
    /// <exception cref="ExportRefusedException">The path leads out of the root.</exception>
    public static FolderTarget Below(string root, string path)
    {
        root = Path.GetFullPath(root);
        var folder = root;
        foreach (var name in path.Split('/'))
        {
            if (!ExportPath.IsName(name)) throw new ExportRefusedException($"path `{path}`: expected names of letters, digits, `.`, `_` and `-` that begin with a letter or digit, joined by `/`");
            folder = Path.Combine(folder, name);
            if (new DirectoryInfo(folder).LinkTarget is not null) throw new ExportRefusedException($"path `{path}`: `{name}` is a link, which may lead out of the export root");
        }
        return new FolderTarget(folder);
    }

    public Task PrepareAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(Place);
        foreach (var left in Directory.EnumerateFiles(Place, "*" + Unfinished)) File.Delete(left);
        return Task.CompletedTask;
    }

    public async Task WriteAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancel)
    {
        var file = Path.Combine(Place, name);
        await using (var to = new FileStream(file + Unfinished, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            await write(to, cancel);
            to.Flush(flushToDisk: true);
        }
        File.Move(file + Unfinished, file, overwrite: true);
    }

    public Task<bool> DeleteAsync(string name, CancellationToken cancel)
    {
        var file = Path.Combine(Place, name);
        if (!File.Exists(file)) return Task.FromResult(false);
        File.Delete(file);
        return Task.FromResult(true);
    }
}

internal static partial class ExportPath
{
    private const int NameCharacters = 100;

    /// <summary>A name that means the same in every file system and bucket, and never a way up or out.</summary>
    public static bool IsName(string name) => name.Length <= NameCharacters && NamePattern().IsMatch(name);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
