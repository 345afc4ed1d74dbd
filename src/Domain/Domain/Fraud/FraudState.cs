using System.Buffers;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Fraud;

/// <summary>
/// A customer's fraud memory at rest: the folded memory as bytes and, behind it, events that wait to be folded. Most customers are not asked for most of the time; a memory of
/// objects for each would take ten times the room, and unpacking one for every event too much time. So an event costs a few bytes when it comes, and one unpacking for
/// every <see cref="WaitingMax"/> of them. Copies share their bytes: only one of them may be added to.
/// </summary>
public struct FraudState
{
    /// <summary>Events that wait before they are folded.</summary>
    public const int WaitingMax = 8;

    private const int Room = 32; // about one event: so an array is made for every second one only, and little is left empty in a million of them

    private byte[]? _bytes;
    private int _length;
    private ushort _folded;
    private byte _waiting;

    public readonly bool IsEmpty => _bytes is null;

    public readonly int ApproximateBytes => _bytes is null ? 0 : 24 + _bytes.Length;

    /// <param name="scratch">Anybody's: it is overwritten when it is needed.</param>
    public void Add(in FraudEvent it, FraudScratch scratch)
    {
        if (_waiting == WaitingMax) Fold(scratch);
        scratch.Bytes.Clear();
        FraudEventBytes.Write(it, scratch.Bytes);
        var written = scratch.Bytes.Written;
        if (_length + written.Length > (_bytes?.Length ?? 0)) Array.Resize(ref _bytes, _length + written.Length + Room);
        written.CopyTo(_bytes.AsSpan(_length));
        _length += written.Length;
        _waiting++;
    }

    /// <summary>The memory as it is, into the scratch, which is valid until it is used again.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged.</exception>
    public readonly CustomerFraudMemory Unpack(FraudScratch scratch)
    {
        var memory = scratch.Memory;
        if (_folded == 0) memory.Clear();
        else memory.Read(_bytes.AsSpan(0, _folded));
        var from = new FraudReader(_bytes.AsSpan(_folded, _length - _folded));
        while (!from.IsAtEnd) memory.Apply(FraudEventBytes.Read(ref from));
        return memory;
    }

    /// <summary>Length of all, of what is folded, how many wait, and the bytes.</summary>
    public readonly void Encode(IBufferWriter<byte> to)
    {
        var span = to.GetSpan(3 * Varint.MaxBytes + _length);
        var at = Varint.Write(span, (ulong)_length);
        if (_length > 0)
        {
            at += Varint.Write(span[at..], (ulong)_folded);
            at += Varint.Write(span[at..], (ulong)_waiting);
            _bytes.AsSpan(0, _length).CopyTo(span[at..]);
        }
        to.Advance(at + _length);
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
        var state = new FraudState { _bytes = from[..(int)length].ToArray(), _length = (int)length, _folded = checked((ushort)folded), _waiting = (byte)waiting };
        from = from[(int)length..];
        return state;
    }

    private void Fold(FraudScratch scratch)
    {
        var memory = Unpack(scratch);
        scratch.Bytes.Clear();
        memory.Write(scratch.Bytes);
        _bytes = scratch.Bytes.Written.ToArray();
        (_length, _folded, _waiting) = (_bytes.Length, checked((ushort)_bytes.Length), 0);
    }
}

/// <summary>What unpacking needs, once for each thread that does.</summary>
public sealed class FraudScratch
{
    internal CustomerFraudMemory Memory { get; } = new();
    internal GrowingBytes Bytes { get; } = new(4096);
}
