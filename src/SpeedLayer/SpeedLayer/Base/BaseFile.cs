using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Base;

/// <summary>
/// A base file, mapped. Header, index and footer are checked when it is opened, each block when it is first touched. Finding allocates nothing.
/// Opening costs time by the number of blocks, not of customers.
/// </summary>
public sealed class BaseFile : IBaseView
{
    private readonly MappedFile _mapped;
    private readonly BlockIndex _index;
    private readonly int[] _checked; // a bit per block: its CRC was right
    private readonly ViewReferences _references;

    private BaseFile(string path, MappedFile mapped, BaseFileInfo info, BlockIndex index)
    {
        (Info, _mapped, _index, _checked) = (info with { Path = path }, mapped, index, new int[(index.Count + 31) / 32]);
        _references = new ViewReferences(mapped.Dispose);
    }

    /// <summary>What the file says of itself; the hash is the one its writer computed, see <see cref="Verify"/>.</summary>
    public BaseFileInfo Info { get; }
    public long Epoch => Info.Epoch;
    public string DefinitionHash => Info.DefinitionHash;
    public long Customers => Info.Customers;

    /// <exception cref="BaseCorruptException">Cut short, damaged, of another format, or no base file.</exception>
    /// <exception cref="IOException">Not there, or cannot be read.</exception>
    public static BaseFile Open(string path)
    {
        MappedFile? mapped = null;
        try
        {
            mapped = new MappedFile(path);
            return Open(path, mapped);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            mapped?.Dispose();
            throw new BaseCorruptException(path, e.Message);
        }
        catch
        {
            mapped?.Dispose();
            throw;
        }
    }

    public bool TryAcquire() => _references.TryAcquire();

    public void Release() => _references.Release();

    public void Retire() => _references.Retire();

    public bool TryFind(ReadOnlySpan<byte> customerId, out ReadOnlySpan<byte> state)
    {
        state = default;
        var number = _index.Find(customerId);
        if (number < 0) return false;
        var block = Block(number);
        int low = 0, high = Count(block) - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Id(block, middle).SequenceCompareTo(customerId);
            if (order == 0)
            {
                state = State(block, middle);
                return true;
            }
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return false;
    }

    /// <summary>Copies of all customers. The view stays until the enumeration ends, retired or not.</summary>
    public IEnumerable<StoredEntity> Scan()
    {
        ObjectDisposedException.ThrowIf(!_references.TryShare(), this);
        try
        {
            for (var number = 0; number < _index.Count; number++)
                for (int i = 0, count = Count(Block(number)); i < count; i++)
                    yield return Entity(number, i);
        }
        finally
        {
            _references.Release();
        }
    }

    /// <summary>Reads the whole file and compares its SHA-256 with the footer's.</summary>
    /// <exception cref="BaseCorruptException"/>
    public void Verify()
    {
        ObjectDisposedException.ThrowIf(!_references.TryShare(), this);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var end = _mapped.Length - BaseFormat.FooterBytes;
            for (long at = 0; at < end; at += 1 << 20) hash.AppendData(_mapped.Slice(at, (int)Math.Min(1 << 20, end - at)));
            var found = Convert.ToHexStringLower(hash.GetHashAndReset());
            if (found != Info.Sha256) throw new BaseCorruptException(Info.Path, $"its SHA-256 is {found}, it was written with {Info.Sha256}");
        }
        finally
        {
            _references.Release();
        }
    }

    private static BaseFile Open(string path, MappedFile mapped)
    {
        if (mapped.Length < BaseFormat.HeaderBytes + BaseFormat.FooterBytes) throw new InvalidDataException("it is cut short");
        var header = mapped.Slice(0, BaseFormat.HeaderBytes);
        if (!header.StartsWith(BaseFormat.Magic)) throw new InvalidDataException("it does not begin as a base file does");
        var version = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        Check(header, "header");
        if (version != BaseFormat.Version) throw new InvalidDataException($"its format is {version}, expected {BaseFormat.Version}");
        var footer = mapped.Slice(mapped.Length - BaseFormat.FooterBytes, BaseFormat.FooterBytes);
        if (!footer[^12..].StartsWith(BaseFormat.EndMagic)) throw new InvalidDataException("it does not end as a base file does: cut short");
        Check(footer, "footer");
        var index = mapped.Slice(BinaryPrimitives.ReadInt64LittleEndian(footer), checked((int)BinaryPrimitives.ReadInt64LittleEndian(footer[8..])));
        if (BaseFormat.Crc(index) != BinaryPrimitives.ReadUInt32LittleEndian(footer[32..])) throw new InvalidDataException("checksum of the index differs");
        var info = new BaseFileInfo(path, BinaryPrimitives.ReadInt32LittleEndian(header[12..]), BinaryPrimitives.ReadInt64LittleEndian(header[16..]),
            Encoding.UTF8.GetString(header.Slice(26, BinaryPrimitives.ReadUInt16LittleEndian(header[24..]))),
            BinaryPrimitives.ReadInt64LittleEndian(footer[24..]), mapped.Length, Convert.ToHexStringLower(footer.Slice(36, 32)));
        return new BaseFile(path, mapped, info, new BlockIndex(index, BinaryPrimitives.ReadInt64LittleEndian(footer[16..])));
    }

    private static void Check(ReadOnlySpan<byte> part, string name)
    {
        if (BaseFormat.Crc(part[..^4]) != BinaryPrimitives.ReadUInt32LittleEndian(part[^4..])) throw new InvalidDataException($"checksum of the {name} differs");
    }

    private ReadOnlySpan<byte> Block(int number)
    {
        var (offset, length, crc) = _index[number];
        var block = _mapped.Slice(offset, length);
        var bit = 1 << (number & 31);
        if ((Volatile.Read(ref _checked[number >> 5]) & bit) != 0) return block;
        if (BaseFormat.Crc(block) != crc) throw new BaseCorruptException(Info.Path, $"checksum of block {number} at {offset} differs");
        Interlocked.Or(ref _checked[number >> 5], bit);
        return block;
    }

    private StoredEntity Entity(int number, int i)
    {
        var block = Block(number);
        return new StoredEntity(new CustomerId(Id(block, i)), State(block, i).ToArray());
    }

    private static int Count(ReadOnlySpan<byte> block) => BinaryPrimitives.ReadInt32LittleEndian(block);

    private static int Start(ReadOnlySpan<byte> block, int i) => BinaryPrimitives.ReadInt32LittleEndian(block[(4 + 4 * i)..]);

    private static ReadOnlySpan<byte> Id(ReadOnlySpan<byte> block, int i)
    {
        var start = Start(block, i);
        return block.Slice(start + 1, block[start]);
    }

    private static ReadOnlySpan<byte> State(ReadOnlySpan<byte> block, int i)
    {
        var start = Start(block, i);
        var from = start + 1 + block[start];
        return block[from..Start(block, i + 1)];
    }
}
