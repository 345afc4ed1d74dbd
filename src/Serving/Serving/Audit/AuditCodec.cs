using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Bytes;

namespace Lambda.Serving.Audit;

/// <summary>
/// An entry's bytes. A storage format, little-endian:
/// <code>length:u32 | kind:u8 (1 plain, 2 keyed) | number:u64 | at:i64 µs | status:u16 | flags:u8 (1 personal data) | key id, caller, operation, subject, detail, from: each length:u16 + UTF-8 | hash:32</code>
/// length counts what lies between itself and the hash. hash = SHA-256(hash of the entry before ‖ length ‖ … ‖ from), and HMAC-SHA-256 of the same when the log has a key.
/// Before the first entry stands SHA-256("lambda audit " ‖ name of the chain), so that one chain cannot stand for another. The canonical bytes are the stored ones: there is
/// no second writing of an entry that could be read alike.
/// </summary>
public static class AuditCodec
{
    public const int HashBytes = 32;
    private const int LengthBytes = 4, KindAt = 4, NumberAt = 5, TimeAt = 13, StatusAt = 21, FlagsAt = 23, TextAt = 24;
    private const int LengthMin = TextAt - LengthBytes + 6 * 2;
    private const byte Plain = 1, Keyed = 2, PersonalDataFlag = 1;

    public static byte[] Genesis(string chain) => SHA256.HashData(Encoding.UTF8.GetBytes("lambda audit " + chain));

    /// <summary>Adds an entry without number and hash: <see cref="Link"/> gives them.</summary>
    public static void Write(GrowingBytes to, long atMicros, in AuditRecord what)
    {
        var start = to.Length;
        var head = to.Take(TextAt);
        BinaryPrimitives.WriteInt64LittleEndian(head[TimeAt..], atMicros);
        BinaryPrimitives.WriteUInt16LittleEndian(head[StatusAt..], (ushort)what.Status);
        head[FlagsAt] = what.PersonalData ? PersonalDataFlag : (byte)0;
        AddText(to, what.KeyId);
        AddText(to, what.Caller);
        AddText(to, what.Operation);
        AddText(to, what.Subject);
        AddText(to, what.Detail);
        AddText(to, what.From);
        BinaryPrimitives.WriteUInt32LittleEndian(to.Written[start..], (uint)(to.Length - start - LengthBytes));
        to.Take(HashBytes);
    }

    /// <summary>Numbers and hashes the entries that lie behind the first <see cref="HashBytes"/>, which hold the hash before them.</summary>
    /// <param name="key">Null: plain.</param>
    public static void Link(Span<byte> batch, long first, byte[]? key)
    {
        for (var at = HashBytes; at < batch.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(batch[at..]);
            batch[at + KindAt] = key is null ? Plain : Keyed;
            BinaryPrimitives.WriteInt64LittleEndian(batch[(at + NumberAt)..], first++);
            var end = at + LengthBytes + length;
            Hash(batch[(at - HashBytes)..end], key, batch.Slice(end, HashBytes)); // the hash before lies right before the entry
            at = end + HashBytes;
        }
    }

    /// <param name="linked">The hash before, then the entry from its length up to its own hash.</param>
    public static void Hash(ReadOnlySpan<byte> linked, byte[]? key, Span<byte> hash)
    {
        if (key is null) SHA256.HashData(linked, hash);
        else HMACSHA256.HashData(key, linked, hash);
    }

    /// <summary>How many bytes the entry at the start takes with its hash; 0 when that cannot be an entry or is not there whole.</summary>
    public static int SizeOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < LengthBytes) return 0;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return length >= LengthMin && length <= bytes.Length - LengthBytes - HashBytes ? (int)length + LengthBytes + HashBytes : 0;
    }

    public static long NumberOf(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt64LittleEndian(entry[NumberAt..]);

    /// <summary>Whether it says that it is keyed; null when it says neither.</summary>
    public static bool? IsKeyed(ReadOnlySpan<byte> entry) => entry[KindAt] switch { Plain => false, Keyed => true, _ => null };

    /// <param name="entry">Exactly one, of <see cref="SizeOf"/> bytes.</param>
    /// <returns>Null when it is not well-formed.</returns>
    public static AuditEntry? Read(ReadOnlySpan<byte> entry)
    {
        var rest = entry[TextAt..^HashBytes];
        if (IsKeyed(entry) is not { } keyed || !TryText(ref rest, out var key) || !TryText(ref rest, out var caller) || !TryText(ref rest, out var operation)
            || !TryText(ref rest, out var subject) || !TryText(ref rest, out var detail) || !TryText(ref rest, out var from) || !rest.IsEmpty) return null;
        var what = new AuditRecord(key, caller, operation, subject, BinaryPrimitives.ReadUInt16LittleEndian(entry[StatusAt..]), entry[FlagsAt] == PersonalDataFlag, detail, from);
        return new AuditEntry(NumberOf(entry), BinaryPrimitives.ReadInt64LittleEndian(entry[TimeAt..]), keyed, what);
    }

    private static void AddText(GrowingBytes to, string text)
    {
        var at = to.Length;
        to.Take(2);
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        var written = most <= Limits.AuditTextBytes ? Encoding.UTF8.GetBytes(text, to.GetSpan(most)) : CutText(text, to.GetSpan(Limits.AuditTextBytes)[..Limits.AuditTextBytes]);
        to.Advance(written);
        BinaryPrimitives.WriteUInt16LittleEndian(to.Written[at..], (ushort)written);
    }

    /// <summary>As many whole characters as fit.</summary>
    private static int CutText(string text, Span<byte> to)
    {
        Encoding.UTF8.GetEncoder().Convert(text, to, flush: true, out _, out var written, out _);
        return written;
    }

    private static bool TryText(ref ReadOnlySpan<byte> rest, out string text)
    {
        text = "";
        if (rest.Length < 2) return false;
        var length = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        if (length > rest.Length - 2) return false;
        text = Encoding.UTF8.GetString(rest.Slice(2, length));
        rest = rest[(2 + length)..];
        return true;
    }
}
