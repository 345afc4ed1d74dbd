using System.Globalization;
using Lambda.Serving.Audit;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Base;
using Lambda.SpeedLayer.Ports;
using Microsoft.Win32.SafeHandles;

namespace Lambda.Serving.Local;

/// <summary>
/// The audit chain of one node as files that hold its entries and nothing else, so that every byte is one of some entry and no change can hide in a page nobody reads. A file
/// is named by its first entry; a full one is followed by the next. Bytes behind the last whole entry (a write that a crash cut off, or damage) are set aside, never deleted.
/// </summary>
public sealed class FileAuditStore : IAuditStore
{
    public const string ChainName = "local";
    private const string Extension = ".audit";

    private readonly string _folder;
    private readonly long _fileBytesMax;
    private readonly bool _isReadOnly;
    private readonly Lock _gate = new();
    private SafeFileHandle? _file;
    private string _path = "";
    private long _length;
    private AuditEnd _end;

    /// <param name="isReadOnly">For looking at the files of a node, also of one that runs: nothing is set aside, nothing can be appended.</param>
    /// <exception cref="StorageException">The folder cannot be used.</exception>
    public FileAuditStore(string folder, bool isReadOnly = false, long fileBytesMax = 64 << 20)
    {
        (_folder, _isReadOnly, _fileBytesMax) = (folder, isReadOnly, fileBytesMax);
        Do("open the audit log", () =>
        {
            if (!isReadOnly) MakeFolder(folder);
            Recover();
            return true;
        });
    }

    public string Chain => ChainName;

    public IReadOnlyList<string> Chains() => [ChainName];

    public IReadOnlyList<string> Notes()
    {
        if (!Directory.Exists(_folder)) return [];
        return [.. Directory.EnumerateFiles(_folder, "*.rest-*").Order(StringComparer.Ordinal)
            .Select(f => $"{f}: {new FileInfo(f).Length} bytes behind the last whole entry were set aside at a start: a write that a crash cut off, or damage")];
    }

    public AuditEnd End(string chain)
    {
        lock (_gate) return chain == ChainName ? _end : default;
    }

    public bool TryAppend(long first, int count, ReadOnlySpan<byte> entries)
    {
        lock (_gate)
        {
            if (_isReadOnly) throw new StorageException(_folder, "was opened for reading only");
            if (first != _end.Entries + 1) return false;
            try
            {
                if (_file is null || _length >= _fileBytesMax) Begin(first);
                RandomAccess.Write(_file!, entries, _length);
                RandomAccess.FlushToDisk(_file!);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException(_path, $"the audit log cannot be written: {e.Message}", e);
            }
            _length += entries.Length;
            _end = new AuditEnd(_end.Entries + count, entries[^AuditCodec.HashBytes..].ToArray());
            return true;
        }
    }

    public IEnumerable<AuditPart> Read(string chain, long from)
    {
        if (chain != ChainName) yield break;
        var files = Files();
        for (var i = 0; i < files.Count; i++)
        {
            if (i + 1 < files.Count && files[i + 1].First <= from) continue;
            foreach (var part in ReadFile(files[i].Path, files[i].First)) yield return part;
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate) _file?.Dispose();
        return ValueTask.CompletedTask;
    }

    private const int PartBytes = 1 << 20;

    /// <summary>Whole entries at a time, and what is left at the end as it is. What a writer appends meanwhile is another read's.</summary>
    private static IEnumerable<AuditPart> ReadFile(string path, long first)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(file);
        for (long at = 0; at < length;)
        {
            var (bytes, entries) = ReadPart(file, at, length);
            yield return new AuditPart(first, bytes, path);
            at += bytes.Length;
            first += entries;
        }
    }

    private static (byte[] Bytes, int Entries) ReadPart(SafeFileHandle file, long at, long length)
    {
        for (var size = PartBytes; ; size *= 2)
        {
            var bytes = new byte[(int)Math.Min(size, length - at)];
            var read = 0;
            for (int n; read < bytes.Length && (n = RandomAccess.Read(file, bytes.AsSpan(read), at + read)) > 0;) read += n;
            int whole = 0, entries = 0;
            for (int entry; (entry = AuditCodec.SizeOf(bytes.AsSpan(whole, read - whole))) > 0; entries++) whole += entry;
            if (at + read >= length || read < bytes.Length || (whole == 0 && size >= 16 * PartBytes)) return (bytes[..read], entries);
            if (whole > 0) return (bytes[..whole], entries);
        }
    }

    private List<(long First, string Path)> Files()
    {
        if (!Directory.Exists(_folder)) return [];
        var files = new List<(long First, string Path)>();
        foreach (var file in Directory.EnumerateFiles(_folder, "*" + Extension))
            if (long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var first)) files.Add((first, file));
        files.Sort();
        return files;
    }

    private void Begin(long first)
    {
        _file?.Dispose();
        _file = null;
        _path = Path.Combine(_folder, first.ToString("d16", CultureInfo.InvariantCulture) + Extension);
        _file = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Folder.Fsync(_folder);
        _length = 0;
    }

    /// <summary>Finds the end: the last whole entry of the last file.</summary>
    private void Recover()
    {
        if (Files() is not [.., var last]) return;
        long whole = 0, number = last.First - 1;
        ReadOnlyMemory<byte> hash = default;
        var length = new FileInfo(last.Path).Length;
        foreach (var part in ReadFile(last.Path, last.First))
            for (var rest = part.Bytes; AuditCodec.SizeOf(rest.Span) is > 0 and var size; rest = rest[size..], whole += size, number++)
                hash = rest[(size - AuditCodec.HashBytes)..size].ToArray();
        if (hash.IsEmpty && Files() is [.., var before, _]) hash = LastHashOf(before.Path, before.First);
        _end = new AuditEnd(number, hash);
        if (_isReadOnly) return;
        (_path, _length) = (last.Path, whole);
        _file = File.OpenHandle(last.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        if (whole < length) SetRestAside(whole, length);
    }

    private static byte[] LastHashOf(string path, long first)
    {
        byte[] hash = [];
        foreach (var part in ReadFile(path, first))
            for (var rest = part.Bytes.Span; AuditCodec.SizeOf(rest) is > 0 and var size; rest = rest[size..]) hash = rest[(size - AuditCodec.HashBytes)..size].ToArray();
        return hash;
    }

    private void SetRestAside(long whole, long length)
    {
        var rest = new byte[length - whole];
        RandomAccess.Read(_file!, rest, whole);
        var aside = $"{_path}.rest-{DateTime.UtcNow:yyyyMMdd-HHmmss-fff}";
        File.WriteAllBytes(aside, rest);
        RandomAccess.SetLength(_file!, whole);
        RandomAccess.FlushToDisk(_file!);
        Folder.Fsync(_folder);
    }

    private static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private T Do<T>(string what, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(_folder, $"cannot {what}: {e.Message}", e);
        }
    }
}
