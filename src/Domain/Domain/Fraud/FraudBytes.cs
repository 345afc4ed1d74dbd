using System.Buffers.Binary;
using System.Numerics;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Fraud;

/// <summary>Reads what <see cref="FraudWriter"/> wrote; both together are the storage format of fraud memories.</summary>
internal ref struct FraudReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte Byte()
    {
        var value = Take(1)[0];
        return value;
    }

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public ulong Varint()
    {
        var value = Bytes.Varint.Read(_rest, out var used);
        _rest = _rest[used..];
        return value;
    }

    public int Count(int max)
    {
        var count = Varint();
        return count <= (ulong)max ? (int)count : throw new InvalidDataException($"fraud memory: a count of {count}, expected at most {max}");
    }

    public long Signed()
    {
        var value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public UInt128 Wide()
    {
        var low = Varint();
        return low == ulong.MaxValue ? new UInt128(UInt64(), UInt64()) : low;
    }

    /// <summary>Into an array that is all zero.</summary>
    public void Sparse(int[] into)
    {
        for (var mask = UInt32(); mask != 0; mask &= mask - 1)
        {
            var at = BitOperations.TrailingZeroCount(mask);
            if (at >= into.Length) throw new InvalidDataException($"fraud memory: number {at} of {into.Length}");
            into[at] = Count(int.MaxValue);
        }
    }

    public long Moment()
    {
        var value = Varint();
        return value == 0 ? long.MinValue : (long)(--value >> 1) ^ -(long)(value & 1);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length) throw new InvalidDataException($"fraud memory: {count} bytes expected, {_rest.Length} are left");
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}

/// <summary>Numbers as fraud memories are stored: small ones take a byte.</summary>
internal readonly struct FraudWriter(GrowingBytes to)
{
    public void Byte(byte value) => to.Add(value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(to.Take(4), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(to.Take(8), value);

    public void Varint(ulong value) => to.AddVarint(value);

    public void Varint(int value) => to.AddVarint((ulong)value);

    public void Signed(long value) => to.AddVarint((ulong)(value << 1 ^ value >> 63));

    /// <summary>Up to 32 numbers of which many are 0.</summary>
    public void Sparse(int[] numbers)
    {
        var mask = 0u;
        for (var i = 0; i < numbers.Length; i++)
            if (numbers[i] != 0) mask |= 1u << i;
        UInt32(mask);
        foreach (var number in numbers)
            if (number != 0) Varint(number);
    }

    /// <summary>One byte for never, which is the least number.</summary>
    public void Moment(long micros) => Varint(micros == long.MinValue ? 0 : (ulong)(micros << 1 ^ micros >> 63) + 1);

    /// <summary>Sums of squares are above 64 bits only where amounts are huge.</summary>
    public void Wide(UInt128 value)
    {
        if (value < ulong.MaxValue)
        {
            to.AddVarint((ulong)value);
            return;
        }
        to.AddVarint(ulong.MaxValue);
        UInt64((ulong)(value >> 64));
        UInt64((ulong)value);
    }
}
