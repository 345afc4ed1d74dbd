using System.Buffers.Binary;
using System.Security.Cryptography;
using Lambda.Domain.Bytes;
using Lambda.Domain.Fraud;
using Lambda.SpeedLayer.Base;

namespace Lambda.BatchLayer.Models.Fraud.Acceptors;

/// <summary>Writes a table of acceptors, ascending by name. The file gets its name when it is complete and durable. Its bytes are a function of the content alone.</summary>
public sealed class AcceptorFileWriter : IDisposable
{
    private readonly string _path;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly GrowingBytes _memory = new(1 << 10), _index = new(1 << 12);
    private readonly long _epoch, _asOfMicros;
    private ulong _last;
    private long _count, _dataBytes;
    private bool _completed;

    public AcceptorFileWriter(string path, long epoch, long asOfMicros)
    {
        (_path, _epoch, _asOfMicros) = (path, epoch, asOfMicros);
        _file = new FileStream(path + ".tmp", FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
    }

    /// <exception cref="ArgumentException">Not ascending.</exception>
    public void Add(ulong acceptor, AcceptorFraudMemory memory)
    {
        if (_count > 0 && acceptor <= _last) throw new ArgumentException($"acceptor {acceptor:x} does not come after {_last:x}", nameof(acceptor));
        (_last, _count) = (acceptor, _count + 1);
        var entry = _index.Take(AcceptorFile.EntryBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(entry, acceptor);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], _dataBytes);
        _memory.Clear();
        memory.Write(_memory);
        Write(_memory.Written);
        _dataBytes += _memory.Length;
    }

    public AcceptorFile Complete()
    {
        Write(_index.Written);
        Span<byte> footer = stackalloc byte[AcceptorFile.FooterBytes];
        BinaryPrimitives.WriteInt64LittleEndian(footer, _dataBytes);
        BinaryPrimitives.WriteInt64LittleEndian(footer[8..], _count);
        BinaryPrimitives.WriteInt64LittleEndian(footer[16..], _epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(footer[24..], AcceptorFile.Version);
        BinaryPrimitives.WriteInt64LittleEndian(footer[32..], _asOfMicros);
        _hash.AppendData(footer[..AcceptorFile.HashAt]);
        _hash.GetHashAndReset(footer[AcceptorFile.HashAt..]);
        AcceptorFile.Magic.CopyTo(footer[^8..]);
        _file.Write(footer);
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(_path + ".tmp", _path, overwrite: true);
        Folder.Fsync(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        _completed = true;
        return AcceptorFile.Open(_path);
    }

    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
        if (!_completed) File.Delete(_path + ".tmp");
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _file.Write(bytes);
        _hash.AppendData(bytes);
    }
}
