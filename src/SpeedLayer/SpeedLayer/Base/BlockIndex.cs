using System.Buffers.Binary;

namespace Lambda.SpeedLayer.Base;

/// <summary>
/// Which block may hold a customer. Ids of one issuer look alike, so what all share is cut off, and the eight bytes behind it decide nearly every
/// comparison inside one dense array; whole ids are compared only where these are equal.
/// </summary>
internal sealed class BlockIndex
{
    private readonly byte[] _index;
    private readonly byte[] _common;
    private readonly ulong[] _keys;
    private readonly int[] _firstIdAt;
    private readonly (long Offset, int Length, uint Crc)[] _blocks;

    /// <exception cref="InvalidDataException">Shape is wrong.</exception>
    public BlockIndex(ReadOnlySpan<byte> index, long blocks)
    {
        if (blocks > index.Length / 17) throw new InvalidDataException($"index of {index.Length} bytes cannot have {blocks} blocks");
        _index = index.ToArray();
        (_keys, _firstIdAt, _blocks) = (new ulong[blocks], new int[blocks], new (long, int, uint)[blocks]);
        var at = 0;
        for (var i = 0; i < blocks; i++)
        {
            var place = _index.AsSpan(at, 16);
            _blocks[i] = (BinaryPrimitives.ReadInt64LittleEndian(place), BinaryPrimitives.ReadInt32LittleEndian(place[8..]), BinaryPrimitives.ReadUInt32LittleEndian(place[12..]));
            _firstIdAt[i] = at + 16;
            at += 17 + _index[at + 16];
        }
        var last = Id(at);
        if (at + 1 + last.Length != _index.Length) throw new InvalidDataException("the index has another length than its entries");
        _common = blocks == 0 ? [] : last[..last.CommonPrefixLength(FirstId(0))].ToArray();
        for (var i = 0; i < blocks; i++) _keys[i] = Key(FirstId(i)[_common.Length..]);
    }

    public int Count => _blocks.Length;

    public (long Offset, int Length, uint Crc) this[int block] => _blocks[block];

    /// <summary>The last block whose first id is not after this one; -1 when no block can hold it.</summary>
    public int Find(ReadOnlySpan<byte> id)
    {
        if (!id.StartsWith(_common)) return -1;
        var key = Key(id[_common.Length..]);
        int low = 0, high = _keys.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var seen = _keys[middle];
            if (seen < key || (seen == key && FirstId(middle).SequenceCompareTo(id) <= 0)) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }

    private ReadOnlySpan<byte> FirstId(int block) => Id(_firstIdAt[block]);

    private ReadOnlySpan<byte> Id(int at) => _index.AsSpan(at + 1, _index[at]);

    /// <summary>The first eight bytes as a number of the same order; what is missing counts as 0, so equal keys are not yet equal ids.</summary>
    private static ulong Key(ReadOnlySpan<byte> rest)
    {
        if (rest.Length >= 8) return BinaryPrimitives.ReadUInt64BigEndian(rest);
        Span<byte> padded = stackalloc byte[8];
        padded.Clear();
        rest.CopyTo(padded);
        return BinaryPrimitives.ReadUInt64BigEndian(padded);
    }
}
