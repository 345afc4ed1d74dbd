using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Events;

namespace Lambda.SpeedLayer.Base;

/// <summary>A base file that stands. <paramref name="Sha256"/>, in lower-case hex, goes into the publication record.</summary>
public sealed record BaseFileInfo(string Path, int Partition, long Epoch, string DefinitionHash, long Customers, long Bytes, string Sha256);

/// <summary>
/// Streams customers in ascending order into `base-PARTITION-eEPOCH.lbf`. The file gets its name when it is complete and durable; before that it is
/// a `.tmp` that Dispose, or the next writer of the same file, removes. The bytes are a function of the content alone.
/// </summary>
public sealed class BaseFileWriter : IDisposable
{
    /// <summary>Written back so often, so that one large fsync at the end does not hold up the log's small ones.</summary>
    private const int FlushEveryBytes = 8 << 20;

    private readonly string _path;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ArrayBufferWriter<byte> _entries = new(BaseFormat.BlockBytes * 2), _index = new();
    private readonly List<uint> _starts = [];
    private readonly (int Partition, long Epoch, string DefinitionHash) _what;
    private byte[] _first = [], _last = [];
    private long _position, _flushed, _customers, _blocks;
    private bool _completed;

    /// <exception cref="IOException">The folder or the file cannot be written.</exception>
    public BaseFileWriter(string folder, int partition, long epoch, string definitionHash)
    {
        if (Encoding.UTF8.GetByteCount(definitionHash) > BaseFormat.DefinitionHashBytesMax)
            throw new ArgumentException($"longer than {BaseFormat.DefinitionHashBytesMax} bytes", nameof(definitionHash));
        _what = (partition, epoch, definitionHash);
        _path = Path.Combine(Directory.CreateDirectory(folder).FullName, BaseFormat.NameOf(partition, epoch));
        _file = new FileStream(_path + ".tmp", FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        WriteHeader();
    }

    /// <param name="customerId">1..128 bytes, after all that came before.</param>
    /// <exception cref="ArgumentException">Not ascending, or of a wrong length.</exception>
    public void Add(ReadOnlySpan<byte> customerId, ReadOnlySpan<byte> state)
    {
        if (customerId.Length is 0 or > CustomerId.MaxBytes)
            throw new ArgumentException($"a customer id has 1 to {CustomerId.MaxBytes} bytes, this one {customerId.Length}", nameof(customerId));
        if (_customers > 0 && customerId.SequenceCompareTo(_last) <= 0)
            throw new ArgumentException($"customer {Encoding.UTF8.GetString(customerId)} does not come after {Encoding.UTF8.GetString(_last)}", nameof(customerId));
        if (_starts.Count == 0) _first = customerId.ToArray();
        _last = customerId.ToArray();
        _starts.Add((uint)_entries.WrittenCount);
        var entry = _entries.GetSpan(1 + customerId.Length + state.Length);
        entry[0] = (byte)customerId.Length;
        customerId.CopyTo(entry[1..]);
        state.CopyTo(entry[(1 + customerId.Length)..]);
        _entries.Advance(1 + customerId.Length + state.Length);
        _customers++;
        if (_entries.WrittenCount >= BaseFormat.BlockBytes) EndBlock();
    }

    /// <summary>The file is there, durable, under its name; one of the same name is replaced.</summary>
    public BaseFileInfo Complete()
    {
        EndBlock();
        var indexOffset = _position;
        WriteId(_last);
        Write(_index.WrittenSpan);
        var sha256 = _hash.GetHashAndReset();
        WriteFooter(indexOffset, sha256);
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(_path + ".tmp", _path, overwrite: true);
        Folder.Fsync(Path.GetDirectoryName(_path)!);
        _completed = true;
        return new BaseFileInfo(_path, _what.Partition, _what.Epoch, _what.DefinitionHash, _customers, _position, Convert.ToHexStringLower(sha256));
    }

    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
        if (!_completed) File.Delete(_path + ".tmp");
    }

    private void WriteHeader()
    {
        Span<byte> header = stackalloc byte[BaseFormat.HeaderBytes];
        header.Clear();
        BaseFormat.Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], BaseFormat.Version);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], _what.Partition);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], _what.Epoch);
        BinaryPrimitives.WriteUInt16LittleEndian(header[24..], (ushort)Encoding.UTF8.GetBytes(_what.DefinitionHash, header[26..]));
        BinaryPrimitives.WriteUInt32LittleEndian(header[^4..], BaseFormat.Crc(header[..^4]));
        Write(header);
    }

    private void EndBlock()
    {
        if (_starts.Count == 0) return;
        var block = new byte[4 * (_starts.Count + 2) + _entries.WrittenCount];
        var entries = 4 * (_starts.Count + 2);
        BinaryPrimitives.WriteUInt32LittleEndian(block, (uint)_starts.Count);
        for (var i = 0; i < _starts.Count; i++) BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(4 + 4 * i), (uint)entries + _starts[i]);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(entries - 4), (uint)block.Length);
        _entries.WrittenSpan.CopyTo(block.AsSpan(entries));

        var place = _index.GetSpan(16);
        BinaryPrimitives.WriteInt64LittleEndian(place, _position);
        BinaryPrimitives.WriteInt32LittleEndian(place[8..], block.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(place[12..], BaseFormat.Crc(block));
        _index.Advance(16);
        WriteId(_first);
        Write(block);
        _blocks++;
        _starts.Clear();
        _entries.ResetWrittenCount();
    }

    private void WriteId(byte[] id)
    {
        _index.Write([(byte)id.Length]);
        _index.Write(id);
    }

    private void WriteFooter(long indexOffset, byte[] sha256)
    {
        Span<byte> footer = stackalloc byte[BaseFormat.FooterBytes];
        footer.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(footer, indexOffset);
        BinaryPrimitives.WriteInt64LittleEndian(footer[8..], _index.WrittenCount);
        BinaryPrimitives.WriteInt64LittleEndian(footer[16..], _blocks);
        BinaryPrimitives.WriteInt64LittleEndian(footer[24..], _customers);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[32..], BaseFormat.Crc(_index.WrittenSpan));
        sha256.CopyTo(footer[36..]);
        BaseFormat.EndMagic.CopyTo(footer[^12..]);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[^4..], BaseFormat.Crc(footer[..^4]));
        _file.Write(footer);
        _position += footer.Length;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _file.Write(bytes);
        _hash.AppendData(bytes);
        _position += bytes.Length;
        if (_position - _flushed < FlushEveryBytes) return;
        _file.Flush(flushToDisk: true);
        _flushed = _position;
    }
}
