namespace Lambda.Warehouse.Local.Sql;

internal enum TokenKind { End, Word, Quoted, String, Number, Open, Close, Semicolon, Other, Unterminated }

internal readonly record struct Token(TokenKind Kind, int Start, int End);

/// <summary>
/// Splits SQL into tokens by ClickHouse's lexical rules: strings and quoted identifiers with backslash escapes and doubled quotes,
/// heredocs ($tag$…$tag$), comments (--, #, /* */), typographic quotes. Works on bytes, since an insert's data may follow.
/// </summary>
internal ref struct SqlScanner(ReadOnlySpan<byte> sql)
{
    private readonly ReadOnlySpan<byte> _sql = sql;

    internal int Position { get; set; }

    internal Token Next()
    {
        SkipSpaceAndComments();
        var start = Position;
        if (start >= _sql.Length)
            return new Token(TokenKind.End, start, start);
        var c = _sql[start];
        switch (c)
        {
            case (byte)'\'': return Quoted(TokenKind.String, c);
            case (byte)'"' or (byte)'`': return Quoted(TokenKind.Quoted, c);
            case (byte)'(' or (byte)'[' or (byte)'{': return Single(TokenKind.Open);
            case (byte)')' or (byte)']' or (byte)'}': return Single(TokenKind.Close);
            case (byte)';': return Single(TokenKind.Semicolon);
            case (byte)'$' when TryHeredoc(out var heredoc): return heredoc;
            case 0xE2 when TryTypographicQuotes(out var quoted): return quoted;
            case >= (byte)'0' and <= (byte)'9': return Run(TokenKind.Number);
        }
        return IsWordStart(c) ? Run(TokenKind.Word) : Single(TokenKind.Other);
    }

    internal readonly bool Is(Token token, ReadOnlySpan<byte> upperCaseWord) =>
        token.Kind == TokenKind.Word && System.Text.Ascii.EqualsIgnoreCase(_sql[token.Start..token.End], upperCaseWord);

    internal readonly bool IsByte(Token token, char c) => token.Kind == TokenKind.Other && _sql[token.Start] == c;

    private static bool IsWordStart(byte c) => char.IsAsciiLetter((char)c) || c is (byte)'_' or (byte)'$' or >= 0x80;

    private static bool IsWordPart(byte c) => IsWordStart(c) || char.IsAsciiDigit((char)c);

    private Token Single(TokenKind kind) => new(kind, Position, ++Position);

    private Token Run(TokenKind kind)
    {
        var start = Position;
        while (Position < _sql.Length && IsWordPart(_sql[Position]) && UnicodeSpace(_sql[Position..]) == 0)
            Position++;
        return new Token(kind, start, Position);
    }

    private Token Quoted(TokenKind kind, byte quote)
    {
        var start = Position++;
        while (Position < _sql.Length)
        {
            var c = _sql[Position++];
            if (c == '\\')
                Position++;
            else if (c == quote && !(Position < _sql.Length && _sql[Position] == quote))
                return new Token(kind, start, Position);
            else if (c == quote)
                Position++;
        }
        return Unterminated(start);
    }

    private bool TryHeredoc(out Token token)
    {
        token = default;
        var end = Position + 1;
        while (end < _sql.Length && _sql[end] < 0x80 && IsWordPart(_sql[end]) && _sql[end] != '$')
            end++;
        if (end >= _sql.Length || _sql[end] != '$')
            return false;
        var tag = _sql[Position..(end + 1)];
        var start = Position;
        var close = _sql[(end + 1)..].IndexOf(tag);
        if (close < 0)
            return false; // the lexer then takes the $ for part of a word
        Position = end + 1 + close + tag.Length;
        token = new Token(TokenKind.String, start, Position);
        return true;
    }

    private bool TryTypographicQuotes(out Token token)
    {
        token = default;
        if (Position + 2 >= _sql.Length || _sql[Position + 1] != 0x80 || _sql[Position + 2] is not (0x98 or 0x9C))
            return false;
        var isString = _sql[Position + 2] == 0x98;
        var start = Position;
        var close = _sql[(Position + 3)..].IndexOf(isString ? "\u2019"u8 : "\u201d"u8);
        if (close < 0)
        {
            token = Unterminated(start);
            return true;
        }
        Position += 3 + close + 3;
        token = new Token(isString ? TokenKind.String : TokenKind.Quoted, start, Position);
        return true;
    }

    private Token Unterminated(int start)
    {
        Position = _sql.Length;
        return new Token(TokenKind.Unterminated, start, Position);
    }

    private void SkipSpaceAndComments()
    {
        while (Position < _sql.Length)
        {
            var rest = _sql[Position..];
            if (rest[0] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f' or (byte)'\v' or 0)
                Position++;
            else if (rest.StartsWith("--"u8) || rest.StartsWith("# "u8) || rest.StartsWith("#!"u8))
                SkipTo(rest, "\n"u8);
            else if (rest.StartsWith("/*"u8))
                SkipTo(rest[2..], "*/"u8, 2);
            else if (UnicodeSpace(rest) is > 0 and var length)
                Position += length;
            else
                return;
        }
    }

    /// <summary>Bytes of the space beyond ASCII that begins here, 0 when none does: as in ClickHouse's lexer, the byte order mark (some clients begin with it) among them.</summary>
    private static int UnicodeSpace(ReadOnlySpan<byte> rest)
    {
        if (rest[0] < 0x80 || System.Text.Rune.DecodeFromUtf8(rest, out var rune, out var length) != System.Buffers.OperationStatus.Done)
            return 0;
        return rune.Value is 0x85 or 0xA0 or 0x180E or (>= 0x2000 and <= 0x200D) or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x2060 or 0x3000 or 0xFEFF ? length : 0;
    }

    private void SkipTo(ReadOnlySpan<byte> rest, ReadOnlySpan<byte> end, int offset = 0)
    {
        var found = rest.IndexOf(end);
        Position = found < 0 ? _sql.Length : Position + offset + found + end.Length;
    }
}
