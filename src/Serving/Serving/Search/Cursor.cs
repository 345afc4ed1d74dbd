using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Serving.Search;

/// <summary>
/// Where a page ended: the sort values and the customer of its last row, bound to the question and the definition, and signed, so that what comes back is what
/// was given out. Any node of the installation reads what any other wrote.
/// </summary>
internal sealed class Cursor(byte[] key)
{
    private const byte Version = 1;
    private const int MacBytes = 16;
    public const int FingerprintBytes = 16;
    public const int CharactersMax = 48_000;

    public enum Fault { None, NotOurs, OtherQuestion }

    /// <param name="fingerprint">Of question and definition, <see cref="FingerprintBytes"/> long.</param>
    public string Write(ReadOnlySpan<byte> fingerprint, IReadOnlyList<Value> values, string customer)
    {
        using var bytes = new MemoryStream();
        bytes.WriteByte(Version);
        bytes.Write(fingerprint);
        foreach (var value in values)
        {
            bytes.WriteByte(value.IsNull ? (byte)0 : (byte)1);
            if (value.IsNull) continue;
            if (value.Type == ScalarType.Text) WriteText(bytes, value.Utf8);
            else WriteNumber(bytes, value.Number);
        }
        WriteText(bytes, Encoding.UTF8.GetBytes(customer));
        var body = bytes.ToArray();
        return Base64Url.EncodeToString([.. body, .. Mac(body)]);
    }

    /// <param name="types">Of the sort keys.</param>
    public Fault TryRead(string text, ReadOnlySpan<byte> fingerprint, IReadOnlyList<ScalarType> types, out Value[] values, out string customer)
    {
        (values, customer) = ([], "");
        byte[] bytes;
        try
        {
            bytes = text.Length <= CharactersMax ? Base64Url.DecodeFromChars(text) : [];
        }
        catch (FormatException)
        {
            return Fault.NotOurs;
        }
        if (bytes.Length < 1 + FingerprintBytes + MacBytes || bytes[0] != Version) return Fault.NotOurs;
        var body = bytes.AsSpan(0, bytes.Length - MacBytes);
        if (!CryptographicOperations.FixedTimeEquals(Mac(body), bytes.AsSpan(body.Length))) return Fault.NotOurs;
        if (!body.Slice(1, FingerprintBytes).SequenceEqual(fingerprint)) return Fault.OtherQuestion;
        ReadOnlySpan<byte> rest = body[(1 + FingerprintBytes)..]; // signed by us for this question: its form is known
        values = new Value[types.Count];
        for (var i = 0; i < values.Length; i++) values[i] = ReadValue(ref rest, types[i]);
        customer = Encoding.UTF8.GetString(ReadText(ref rest));
        return Fault.None;
    }

    private byte[] Mac(ReadOnlySpan<byte> body) => HMACSHA256.HashData(key, body)[..MacBytes];

    private static Value ReadValue(ref ReadOnlySpan<byte> from, ScalarType type)
    {
        var present = from[0] == 1;
        from = from[1..];
        if (!present) return Value.Null(type);
        if (type == ScalarType.Text) return Value.Text(ReadText(ref from).ToArray());
        var number = BinaryPrimitives.ReadInt128LittleEndian(from);
        from = from[16..];
        return Value.Of(type, number);
    }

    private static ReadOnlySpan<byte> ReadText(ref ReadOnlySpan<byte> from)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(from);
        var text = from.Slice(4, length);
        from = from[(4 + length)..];
        return text;
    }

    private static void WriteText(Stream to, ReadOnlySpan<byte> text)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        to.Write(length);
        to.Write(text);
    }

    private static void WriteNumber(Stream to, Int128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt128LittleEndian(bytes, number);
        to.Write(bytes);
    }
}
