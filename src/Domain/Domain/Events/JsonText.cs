using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Events;

/// <summary>Pieces of JSON that was already found to be well-formed.</summary>
internal static class JsonText
{
    private static readonly SearchValues<byte> QuoteOrBackslash = SearchValues.Create("\"\\"u8);

    /// <summary>Appends the meaning of a string's inside. False when an escape is half a surrogate pair: that has no UTF-8.</summary>
    internal static bool TryUnescape(ReadOnlySpan<byte> raw, GrowingBytes to)
    {
        while (true)
        {
            var slash = raw.IndexOf((byte)'\\');
            if (slash < 0) break;
            to.Add(raw[..slash]);
            raw = raw[slash..];
            if (raw[1] != 'u')
            {
                to.Add(raw[1] switch { (byte)'b' => (byte)'\b', (byte)'f' => (byte)'\f', (byte)'n' => (byte)'\n', (byte)'r' => (byte)'\r', (byte)'t' => (byte)'\t', var c => c });
                raw = raw[2..];
                continue;
            }
            if (!TryRune(raw, out var rune, out var used)) return false;
            var span = to.GetSpan(4);
            to.Advance(rune.EncodeToUtf8(span));
            raw = raw[used..];
        }
        to.Add(raw);
        return true;
    }

    /// <summary>Appends the JSON without the white space between its tokens; strings stay byte for byte.</summary>
    internal static void Minify(ReadOnlySpan<byte> json, GrowingBytes to)
    {
        var start = 0;
        for (var at = 0; at < json.Length;)
        {
            if (json[at] == '"')
            {
                at = EndOfString(json, at + 1);
            }
            else if (json[at] <= ' ')
            {
                to.Add(json[start..at]);
                while (at < json.Length && json[at] <= ' ') at++;
                start = at;
            }
            else
            {
                at++;
            }
        }
        to.Add(json[start..]);
    }

    private static int EndOfString(ReadOnlySpan<byte> json, int at)
    {
        while (true)
        {
            at += json[at..].IndexOfAny(QuoteOrBackslash);
            if (json[at] == '"') return at + 1;
            at += 2;
        }
    }

    private static bool TryRune(ReadOnlySpan<byte> escape, out Rune rune, out int used)
    {
        var high = Hex(escape);
        used = 6;
        if (Rune.TryCreate(high, out rune)) return true;
        if (escape.Length < 12 || escape[6] != '\\' || escape[7] != 'u') return false;
        used = 12;
        return Rune.TryCreate(high, Hex(escape[6..]), out rune);
    }

    private static char Hex(ReadOnlySpan<byte> escape) => (char)ushort.Parse(escape.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
