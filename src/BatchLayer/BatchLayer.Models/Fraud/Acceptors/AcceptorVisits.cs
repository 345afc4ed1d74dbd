using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud.Acceptors;

/// <summary>
/// Transactions of all customers, gathered by acceptor: in files by the first bits of its name, so that memory holds no more than one of them, and they come out ascending.
/// </summary>
internal sealed class AcceptorVisits : IDisposable
{
    private const int Buckets = 256, BucketShift = 56, Buffered = 1_024;

    /// <summary>One transaction; 40 bytes.</summary>
    private readonly record struct Visit(ulong Acceptor, ulong Id, long At, long Offset, int Partition, bool IsUnusual, bool IsFraud) : IComparable<Visit>
    {
        public int CompareTo(Visit other)
        {
            var order = Acceptor.CompareTo(other.Acceptor);
            if (order == 0) order = At.CompareTo(other.At);
            if (order == 0) order = Partition.CompareTo(other.Partition);
            return order == 0 ? Offset.CompareTo(other.Offset) : order;
        }
    }

    private readonly List<Visit>[] _buffers = [.. Enumerable.Range(0, Buckets).Select(_ => new List<Visit>())];
    private readonly FileStream?[] _files = new FileStream?[Buckets];
    private readonly string _folder;

    /// <param name="folder">For files that are gone with this.</param>
    public AcceptorVisits(string folder)
    {
        _folder = folder;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    /// <summary>Of all acceptors.</summary>
    public long Count { get; private set; }

    public void Add(in FraudTransaction transaction, int partition, long offset, bool isUnusual, bool isFraud)
    {
        if (transaction.Acceptor == 0) return;
        Count++;
        var bucket = (int)(transaction.Acceptor >> BucketShift);
        _buffers[bucket].Add(new Visit(transaction.Acceptor, transaction.Id, transaction.AtMicros, offset, partition, isUnusual, isFraud));
        if (_buffers[bucket].Count >= Buffered) Spill(bucket);
    }

    /// <summary>Every acceptor with what is known of it, ascending. The memory is used again for the next.</summary>
    public IEnumerable<(ulong Acceptor, AcceptorFraudMemory Memory)> Fold()
    {
        var memory = new AcceptorFraudMemory();
        for (var bucket = 0; bucket < Buckets; bucket++)
        {
            var visits = Read(bucket);
            Array.Sort(visits);
            for (var i = 0; i < visits.Length;)
            {
                var acceptor = visits[i].Acceptor;
                memory.Clear();
                for (; i < visits.Length && visits[i].Acceptor == acceptor; i++)
                {
                    memory.Apply(visits[i].Id, visits[i].At, visits[i].IsUnusual);
                    if (visits[i].IsFraud) memory.ApplyFraud(visits[i].Id, visits[i].At, visits[i].IsUnusual);
                }
                yield return (acceptor, memory);
            }
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

    private Visit[] Read(int bucket)
    {
        var spilled = _files[bucket] is { } file ? checked((int)(file.Length / Unsafe.SizeOf<Visit>())) : 0;
        var visits = new Visit[spilled + _buffers[bucket].Count];
        if (spilled > 0)
        {
            _files[bucket]!.Position = 0;
            _files[bucket]!.ReadExactly(MemoryMarshal.AsBytes(visits.AsSpan(0, spilled)));
        }
        _buffers[bucket].CopyTo(visits, spilled);
        return visits;
    }
}
