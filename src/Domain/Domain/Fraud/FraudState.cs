using System.Buffers;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Fraud;

/// <summary>
/// A customer's fraud memory at rest: the folded memory as bytes and, behind it, events that wait to be folded. Most customers are not asked for most of the time; a memory of
/// objects for each would take ten times the room, and unpacking one for every event too much time. So an event costs a few bytes when it comes, and one unpacking for
/// every <see cref="WaitingMax"/> of them.
/// </summary>
public struct FraudState
{
    /// <summary>Events that wait before they are folded.</summary>
    public const int WaitingMax = 8;

    private byte[]? _bytes; // of just the size: there may be a million of them
    private ushort _folded;
    private byte _waiting;

    public readonly bool IsEmpty => _bytes is null;

    private readonly int Length => _bytes?.Length ?? 0;

    public readonly int ApproximateBytes => _bytes is null ? 0 : 24 + _bytes.Length;

    /// <param name="scratch">Anybody's: it is overwritten when it is needed.</param>
    public void Add(in FraudEvent it, FraudScratch scratch)
    {
        if (_waiting == WaitingMax) Fold(scratch);
        scratch.Bytes.Clear();
        FraudEventBytes.Write(it, scratch.Bytes);
        _bytes = [.. _bytes ?? [], .. scratch.Bytes.Written];
        _waiting++;
    }

    /// <summary>The memory as it is, into the scratch, which is valid until it is used again.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged.</exception>
    public readonly CustomerFraudMemory Unpack(FraudScratch scratch)
    {
        var memory = scratch.Memory;
        if (_folded == 0) memory.Clear();
        else memory.Read(_bytes.AsSpan(0, _folded));
        var from = new FraudReader(_bytes.AsSpan(_folded));
        while (!from.IsAtEnd) memory.Apply(FraudEventBytes.Read(ref from));
        return memory;
    }

    /// <summary>Length of all, of what is folded, how many wait, and the bytes.</summary>
    public readonly void Encode(IBufferWriter<byte> to)
    {
        var span = to.GetSpan(3 * Varint.MaxBytes + Length);
        var at = Varint.Write(span, (ulong)Length);
        if (Length > 0)
        {
            at += Varint.Write(span[at..], (ulong)_folded);
            at += Varint.Write(span[at..], (ulong)_waiting);
            _bytes.AsSpan(0, Length).CopyTo(span[at..]);
        }
        to.Advance(at + Length);
    }

    /// <exception cref="InvalidDataException">Not what <see cref="Encode"/> wrote.</exception>
    public static FraudState Decode(ref ReadOnlySpan<byte> from)
    {
        var length = Varint.Read(from, out var used);
        from = from[used..];
        if (length == 0) return default;
        var folded = Varint.Read(from, out used);
        from = from[used..];
        var waiting = Varint.Read(from, out used);
        from = from[used..];
        if (length > (ulong)from.Length || folded > Math.Min(length, ushort.MaxValue) || waiting > WaitingMax) throw new InvalidDataException($"fraud state: {length} bytes, {folded} folded, {waiting} waiting do not fit {from.Length}");
        var state = new FraudState { _bytes = from[..(int)length].ToArray(), _folded = checked((ushort)folded), _waiting = (byte)waiting };
        from = from[(int)length..];
        return state;
    }

    private void Fold(FraudScratch scratch)
    {
        var memory = Unpack(scratch);
        scratch.Bytes.Clear();
        memory.Write(scratch.Bytes);
        _bytes = scratch.Bytes.Written.ToArray();
        (_folded, _waiting) = (checked((ushort)_bytes.Length), 0);
    }
}

/// <summary>What unpacking needs, once for each thread that does.</summary>
public sealed class FraudScratch
{
    internal CustomerFraudMemory Memory { get; } = new();
    internal GrowingBytes Bytes { get; } = new(4096);
}
