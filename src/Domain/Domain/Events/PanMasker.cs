using System.Buffers;
using System.Globalization;
using System.Text;

namespace Lambda.Domain.Events;

/// <summary>
/// Finds card numbers (PANs) in raw text, JSON or not, and masks all their digits but the last four. A card number is 13..19 digits with single
/// spaces or dashes between them at will, not touching another digit or an ASCII letter, in a known range and passing Luhn. It may begin and end at a
/// space or dash, so `4111 1111 1111 1111 12/27` is found. Characters written as JSON escapes (`\u0034`) are read as what they mean.
/// A quoted value that is a UUID as a whole is exempt: one in a few thousand would look like a card.
/// Text beside a letter (`a4111…`) is exempt because hexadecimal hashes and tokens are full of long digit runs; so is
/// a number written with an exponent.
/// </summary>
public static class PanMasker
{
    private const byte Mark = (byte)'*';
    private const int KeptDigits = 4;
    private const int UuidLength = 36;

    /// <summary>Cheap on text without long digit runs (about 0.2 ns a byte): it is asked for every line.</summary>
    public static bool Contains(ReadOnlySpan<byte> text) => MayContain(text) && Scan(text, null);

    /// <summary>The text with every card number masked; an escaped digit becomes one `*`, so it may be shorter. The same bytes when there is none.</summary>
    public static byte[] Mask(ReadOnlySpan<byte> text)
    {
        if (!MayContain(text)) return text.ToArray();
        var marked = ArrayPool<bool>.Shared.Rent(text.Length);
        Array.Clear(marked, 0, text.Length);
        try
        {
            return Scan(text, marked) ? Apply(text, marked) : text.ToArray();
        }
        finally
        {
            ArrayPool<bool>.Shared.Return(marked);
        }
    }

    /// <summary>A line that was refused: also what a field `card_number` holds that is none, for a mistyped one is nearly one.</summary>
    /// <param name="others">What a source calls this field.</param>
    public static byte[] MaskLine(ReadOnlySpan<byte> line, params ReadOnlySpan<string> others) => Mask(others.Length > 0 || CardNumberField.MayBeIn(line) ? CardNumberField.Masked(line, others) : line);

    /// <summary>Text with every digit hidden: of a column that holds cards' numbers.</summary>
    public static string Hide(string text) => string.Create(text.Length, text, static (to, from) =>
    {
        for (var i = 0; i < to.Length; i++) to[i] = char.IsDigit(from[i]) ? (char)Mark : from[i];
    });

    public static string Mask(string text) => Encoding.UTF8.GetString(Mask(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// False only if there is surely none. Thirteen digits with single separators are a stretch of at least 13 digits, spaces and dashes, so looking at
    /// every 12th byte hits it. Escapes break that count: with a backslash the whole text is scanned.
    /// </summary>
    private static bool MayContain(ReadOnlySpan<byte> text)
    {
        if (text.Contains((byte)'\\')) return true;
        const int step = CardRanges.MinDigits - 1;
        for (var at = step; at < text.Length; at += step)
        {
            if (!IsPart(text[at])) continue;
            int from = at, to = at;
            while (from > 0 && IsPart(text[from - 1])) from--;
            while (to + 1 < text.Length && IsPart(text[to + 1])) to++;
            if (to - from >= step && Scan(text[Math.Max(from - 1, 0)..Math.Min(to + 2, text.Length)], null)) return true; // with its neighbours
            at = to - step + 1; // go on behind the stretch
        }
        return false;
    }

    /// <summary>
    /// Walks groups of digits; groups with one separator between them make a run. At each group's end every candidate that ends there is judged.
    /// Marks the first byte of each digit to mask if asked to, else stops at the first find.
    /// </summary>
    private static bool Scan(ReadOnlySpan<byte> text, bool[]? marked)
    {
        var run = new Run(stackalloc byte[Run.Window], stackalloc int[Run.Window], stackalloc int[Run.Window]);
        var found = false;
        byte previous = 0;
        for (var at = 0; at < text.Length;)
        {
            var character = Unit(text, at, out var length);
            if ((uint)(character - '0') <= 9)
            {
                run.Add((byte)(character - '0'), at, afterLetter: IsLetter(previous));
            }
            else
            {
                if (run.InGroup) found |= run.EndGroup(IsLetter(character), marked);
                if (found && marked is null) return true;
                run.Between(character is (byte)' ' or (byte)'-');
                if (character == '"' && length == 1 && IsQuotedUuid(text[at..])) length += UuidLength;
            }
            previous = character;
            at += length;
        }
        return found | (run.InGroup && run.EndGroup(beforeLetter: false, marked));
    }

    /// <summary>The last digits of a run: no candidate is longer than <see cref="CardRanges.MaxDigits"/>, so a short window is enough.</summary>
    private ref struct Run(Span<byte> digits, Span<int> positions, Span<int> starts)
    {
        internal const int Window = 32; // a power of two above MaxDigits

        private readonly Span<byte> _digits = digits;
        private readonly Span<int> _positions = positions;
        private readonly Span<int> _starts = starts;
        private int _count, _startCount;
        private bool _goesOn;

        internal bool InGroup { get; private set; }

        internal void Add(byte digit, int position, bool afterLetter)
        {
            if (!InGroup)
            {
                if (!_goesOn) _count = _startCount = 0;
                if (!afterLetter) _starts[_startCount++ % Window] = _count;
                InGroup = true;
            }
            _digits[_count % Window] = digit;
            _positions[_count++ % Window] = position;
        }

        /// <summary>After a character that is no digit: the run goes on only over one separator behind a group.</summary>
        internal void Between(bool isSeparator) => (_goesOn, InGroup) = (isSeparator && InGroup, false);

        internal readonly bool EndGroup(bool beforeLetter, bool[]? marked)
        {
            var found = false;
            if (beforeLetter) return found;
            Span<byte> candidate = stackalloc byte[CardRanges.MaxDigits];
            for (var s = _startCount - 1; s >= 0 && s > _startCount - Window; s--)
            {
                var start = _starts[s % Window];
                var length = _count - start;
                if (length > CardRanges.MaxDigits) break;
                for (var i = 0; i < length; i++) candidate[i] = _digits[(start + i) % Window];
                if (!CardRanges.IsCard(candidate[..length])) continue;
                found = true;
                if (marked is null) break;
                for (var i = 0; i < length - KeptDigits; i++) marked[_positions[(start + i) % Window]] = true;
            }
            return found;
        }
    }

    /// <summary>The character that begins at a byte, escapes read as what they mean; any non-ASCII one is some byte above 127.</summary>
    private static byte Unit(ReadOnlySpan<byte> text, int at, out int length)
    {
        length = 1;
        if (text[at] != '\\' || at + 1 == text.Length) return text[at];
        if (text[at + 1] == 'u')
        {
            if (at + 6 > text.Length || !ushort.TryParse(text.Slice(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)) return text[at];
            length = 6;
            return code < 128 ? (byte)code : byte.MaxValue;
        }
        if (!@"bfnrt""\/"u8.Contains(text[at + 1])) return text[at];
        length = 2;
        return "bfnrt"u8.Contains(text[at + 1]) ? (byte)'\n' : text[at + 1];
    }

    private static byte[] Apply(ReadOnlySpan<byte> text, bool[] marked)
    {
        var masked = new byte[text.Length];
        var count = 0;
        for (var at = 0; at < text.Length;)
        {
            Unit(text, at, out var length);
            if (marked[at])
            {
                masked[count++] = Mark;
            }
            else
            {
                text.Slice(at, length).CopyTo(masked.AsSpan(count));
                count += length;
            }
            at += length;
        }
        return masked[..count];
    }

    /// <summary>`"8-4-4-4-12"`, quotes included.</summary>
    private static bool IsQuotedUuid(ReadOnlySpan<byte> text)
    {
        if (text.Length < UuidLength + 2 || text[UuidLength + 1] != '"') return false;
        var value = text.Slice(1, UuidLength);
        for (var i = 0; i < UuidLength; i++)
            if (i is 8 or 13 or 18 or 23 ? value[i] != '-' : !char.IsAsciiHexDigit((char)value[i])) return false;
        return true;
    }

    private static bool IsPart(byte b) => (uint)(b - '0') <= 9 || b is (byte)' ' or (byte)'-';

    private static bool IsLetter(byte b) => (uint)((b | 0x20) - 'a') <= 'z' - 'a';
}
