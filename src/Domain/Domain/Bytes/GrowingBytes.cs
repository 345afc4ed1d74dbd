using System.Buffers;
using System.Numerics;

namespace Lambda.Domain.Bytes;

/// <summary>A byte buffer that keeps its array when cleared: after the first few uses nothing is allocated. Spans of it live until the next write.</summary>
public sealed class GrowingBytes(int capacity) : IBufferWriter<byte>
{
    private byte[] _bytes = new byte[capacity];

    public int Length { get; private set; }

    public int Capacity => _bytes.Length;

    public Span<byte> Written => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    public void Add(byte value) => Take(1)[0] = value;

    /// <returns>Where the bytes begin.</returns>
    public int Add(ReadOnlySpan<byte> bytes)
    {
        var at = Length;
        bytes.CopyTo(Take(bytes.Length));
        return at;
    }

    public void AddVarint(ulong value) => Length += Varint.Write(GetSpan(Varint.MaxBytes), value);

    /// <summary>The next <paramref name="count"/> bytes, counted as written; their content is what was there.</summary>
    public Span<byte> Take(int count)
    {
        var span = GetSpan(count)[..count];
        Length += count;
        return span;
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        var needed = Length + Math.Max(sizeHint, 1);
        if (needed > _bytes.Length) Array.Resize(ref _bytes, (int)BitOperations.RoundUpToPowerOf2((uint)needed));
        return _bytes.AsSpan(Length);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        GetSpan(sizeHint);
        return _bytes.AsMemory(Length);
    }

    public void Advance(int count) => Length += count;
}
