using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lambda.BatchLayer.Models.Fraud.Acceptors;

/// <summary>Rows in the order of a hash: gathered in files by its first bits, so that memory holds no more than one of them, and read back ascending.</summary>
internal sealed class SpilledRows<T> : IDisposable where T : unmanaged, IComparable<T>
{
    private const int Buckets = 256, BucketShift = 56, Buffered = 1_024;

    private readonly List<T>[] _buffers = [.. Enumerable.Range(0, Buckets).Select(_ => new List<T>())];
    private readonly FileStream?[] _files = new FileStream?[Buckets];
    private readonly string _folder;

    /// <param name="folder">For files that are gone with this; what an earlier try left there goes at once.</param>
    public SpilledRows(string folder)
    {
        _folder = folder;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    public long Count { get; private set; }

    public void Add(ulong hash, in T row)
    {
        Count++;
        var bucket = (int)(hash >> BucketShift);
        _buffers[bucket].Add(row);
        if (_buffers[bucket].Count >= Buffered) Spill(bucket);
    }

    /// <summary>All rows, ascending if rows are compared by the hash first.</summary>
    public IEnumerable<T[]> Sorted()
    {
        for (var bucket = 0; bucket < Buckets; bucket++)
        {
            var rows = Read(bucket);
            Array.Sort(rows);
            yield return rows;
        }
    }

    public void Dispose()
    {
        foreach (var file in _files) file?.Dispose();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private void Spill(int bucket)
    {
        if (_files[bucket] is null) Directory.CreateDirectory(_folder);
        var file = _files[bucket] ??= new FileStream(Path.Combine(_folder, $"{bucket:x2}"), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 0);
        file.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_buffers[bucket])));
        _buffers[bucket].Clear();
    }

    private T[] Read(int bucket)
    {
        var spilled = _files[bucket] is { } file ? checked((int)(file.Length / Unsafe.SizeOf<T>())) : 0;
        var rows = new T[spilled + _buffers[bucket].Count];
        if (spilled > 0)
        {
            _files[bucket]!.Position = 0;
            _files[bucket]!.ReadExactly(MemoryMarshal.AsBytes(rows.AsSpan(0, spilled)));
        }
        _buffers[bucket].CopyTo(rows, spilled);
        return rows;
    }
}
