using System.Buffers;

namespace Lambda.Warehouse.Native;

/// <summary>Bytes of one column, growing in pooled memory and kept from block to block.</summary>
internal sealed class NativeBuffer : IDisposable
{
    private byte[] _bytes = [];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    /// <summary>The next <paramref name="size"/> bytes, uninitialised, counted as written.</summary>
    public Span<byte> Take(int size)
    {
        var at = Length;
        if (_bytes.Length - at < size) Grow(size);
        Length = at + size;
        return _bytes.AsSpan(at, size);
    }

    public void Zeros(int size) => Take(size).Clear();

    /// <summary>Gives back what was taken too much.</summary>
    public void Shrink(int size) => Length -= size;

    public void Clear() => Length = 0;

    public void Dispose()
    {
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, Length) = ([], 0);
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, Math.Max(Length + size, 4096)));
        Span.CopyTo(larger);
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
