using System.Buffers.Binary;
using System.Security.Cryptography;
using Lambda.Domain.Fraud;
using Lambda.SpeedLayer.Base;

namespace Lambda.BatchLayer.Models.Fraud.Acceptors;

/// <summary>A table of acceptors cannot be used; the message names the file and what was found.</summary>
public sealed class AcceptorFileException(string file, string why) : Exception($"acceptor table {file}: {why}");

/// <summary>
/// A table of acceptors, mapped. All of it is checked when it is opened; reading an acceptor allocates nothing. It is unmapped when nobody holds it any more: a decision
/// may still read the table that was just replaced.
/// <code>
/// data                 the acceptors' memories, one behind the other
/// index                per acceptor, ascending: u64 name, u64 start of its data
/// footer       80 B    u64 length of the data, u64 acceptors, i64 epoch, u64 version, i64 as of, microseconds since 1970, SHA-256 of all before it, magic; little-endian
/// </code>
/// </summary>
public sealed class AcceptorFile : IAcceptorTable
{
    internal const int FooterBytes = 80, HashAt = 40, EntryBytes = 16, HashBytes = 32, Version = 2;

    private const int EntriesPerSlot = 4, SlotBitsMax = 24, CheckedBytes = 1 << 20;

    private readonly MappedFile _mapped;
    private readonly long _dataBytes;
    private readonly int[] _slots; // by the first bits of a name: the first entry with them
    private readonly int _shift;

    private AcceptorFile(string path, MappedFile mapped)
    {
        (_mapped, Path) = (mapped, path);
        if (mapped.Length < FooterBytes) throw new InvalidDataException($"it is cut short: {mapped.Length} bytes");
        var footer = mapped.Slice(mapped.Length - FooterBytes, FooterBytes);
        if (!footer[^8..].SequenceEqual(Magic)) throw new InvalidDataException("it does not end as an acceptor table does: cut short, or another file");
        var version = BinaryPrimitives.ReadUInt64LittleEndian(footer[24..]);
        if (version != Version) throw new InvalidDataException($"its format is {version}, expected {Version}");
        Hash = Convert.ToHexStringLower(footer.Slice(HashAt, HashBytes));
        var found = Sha256(mapped, mapped.Length - HashBytes - Magic.Length);
        if (found != Hash) throw new InvalidDataException($"its SHA-256 is {found}, it was written with {Hash}");
        (_dataBytes, Count, Epoch) = (BinaryPrimitives.ReadInt64LittleEndian(footer), checked((int)BinaryPrimitives.ReadInt64LittleEndian(footer[8..])), BinaryPrimitives.ReadInt64LittleEndian(footer[16..]));
        AsOfMicros = BinaryPrimitives.ReadInt64LittleEndian(footer[32..]);
        if (_dataBytes + (long)Count * EntryBytes + FooterBytes != mapped.Length) throw new InvalidDataException($"{Count} acceptors and {_dataBytes} bytes of data do not fit its {mapped.Length}");
        var bits = Math.Clamp((int)Math.Log2(Math.Max(1, Count / EntriesPerSlot)), 1, SlotBitsMax);
        (_shift, _slots) = (64 - bits, new int[(1 << bits) + 1]);
        FillSlots();
    }

    ~AcceptorFile() => _mapped?.Dispose();

    internal static ReadOnlySpan<byte> Magic => "LambdaAT"u8;

    public string Path { get; }

    /// <summary>SHA-256 over data, index and footer, lower hex: what facts name it by.</summary>
    public string Hash { get; }
    public long Epoch { get; }

    /// <summary>What had happened and was known by then is in it.</summary>
    public long AsOfMicros { get; }
    public int Count { get; }

    /// <exception cref="AcceptorFileException">Not there, cut short, damaged, of another format.</exception>
    public static AcceptorFile Open(string path)
    {
        MappedFile? mapped = null;
        try
        {
            return new AcceptorFile(path, mapped = new MappedFile(path));
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new AcceptorFileException(path, e.Message);
        }
    }

    public bool TryRead(ulong acceptor, AcceptorFraudMemory into)
    {
        into.Clear();
        var slot = (int)(acceptor >> _shift);
        for (var i = _slots[slot]; i < _slots[slot + 1]; i++)
        {
            var entry = Entry(i, i + 1 < Count ? 2 : 1);
            if (BinaryPrimitives.ReadUInt64LittleEndian(entry) != acceptor) continue;
            var start = BinaryPrimitives.ReadInt64LittleEndian(entry[8..]);
            var end = i + 1 < Count ? BinaryPrimitives.ReadInt64LittleEndian(entry[24..]) : _dataBytes;
            into.Read(_mapped.Slice(start, (int)(end - start)));
            into.AsOfMicros = AsOfMicros;
            GC.KeepAlive(this);
            return true;
        }
        return false;
    }

    private void FillSlots()
    {
        var slot = 0;
        for (var i = 0; i < Count; i++)
            for (var own = (int)(BinaryPrimitives.ReadUInt64LittleEndian(Entry(i, 1)) >> _shift); slot <= own; slot++)
                _slots[slot] = i;
        for (; slot < _slots.Length; slot++) _slots[slot] = Count;
    }

    private ReadOnlySpan<byte> Entry(int index, int count) => _mapped.Slice(_dataBytes + (long)index * EntryBytes, count * EntryBytes);

    private static string Sha256(MappedFile mapped, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long at = 0; at < length; at += CheckedBytes) hash.AppendData(mapped.Slice(at, (int)Math.Min(CheckedBytes, length - at)));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
