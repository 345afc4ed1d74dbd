namespace Lambda.Domain.Expressions;

internal enum TokenKind { End, Word, Integer, Decimal, Text, Symbol }

/// <param name="Text">The token as written; for text literals its content.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int At)
{
    /// <summary>As an error message names it.</summary>
    public string Described => Kind switch
    {
        TokenKind.End => "the end of the expression",
        TokenKind.Text => $"text '{Text}'",
        _ => $"`{Text}`",
    };
}

/// <summary>Cuts an expression into tokens.</summary>
internal static class Lexer
{
    private static readonly string[] Symbols = ["<=", ">=", "<>", "!=", "=", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ","];

    // What other languages write, and what is written here.
    private static readonly (string Found, string Instead)[] Foreign = [("==", "="), ("&&", "and"), ("||", "or"), ("!", "not"), ("%", "no remainder operator: round, floor"), ("\"", "text in single quotes")];

    /// <exception cref="SyntaxException">A character that begins no token, or text that does not end.</exception>
    public static List<Token> Tokens(string text)
    {
        var tokens = new List<Token>();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }
            var token = Next(text, at, out var length);
            tokens.Add(token);
            at += length;
        }
        tokens.Add(new Token(TokenKind.End, "", text.Length));
        return tokens;
    }

    private static Token Next(string text, int at, out int length)
    {
        var c = text[at];
        if (char.IsAsciiLetter(c) || c == '_') return Word(text, at, out length);
        if (char.IsAsciiDigit(c)) return Number(text, at, out length);
        if (c == '\'') return Text(text, at, out length);
        var rest = text.AsSpan(at);
        if (!rest.StartsWith("!="))
            foreach (var (found, instead) in Foreign)
                if (rest.StartsWith(found)) throw new SyntaxException(at, $"found `{found}`, expected {(instead.Contains(' ') ? instead : $"`{instead}`")}");
        foreach (var symbol in Symbols)
        {
            if (!rest.StartsWith(symbol)) continue;
            length = symbol.Length;
            return new Token(TokenKind.Symbol, symbol, at);
        }
        throw new SyntaxException(at, $"found `{(char.IsSurrogate(c) ? rest[..2].ToString() : c)}`, which begins nothing in this language");
    }

    private static Token Word(string text, int at, out int length)
    {
        length = 1;
        while (at + length < text.Length && (char.IsAsciiLetterOrDigit(text[at + length]) || text[at + length] == '_')) length++;
        return new Token(TokenKind.Word, text.Substring(at, length), at);
    }

    private static Token Number(string text, int at, out int length)
    {
        length = Digits(text, at);
        var kind = TokenKind.Integer;
        if (at + length < text.Length && text[at + length] == '.')
        {
            var behind = Digits(text, at + length + 1);
            if (behind == 0) throw new SyntaxException(at + length, "expected digits behind the decimal point");
            length += 1 + behind;
            kind = TokenKind.Decimal;
        }
        if (at + length < text.Length && (char.IsAsciiLetter(text[at + length]) || text[at + length] == '_'))
            throw new SyntaxException(at, $"found `{text.Substring(at, length + 1)}…`, expected a number such as 12 or 12.5");
        return new Token(kind, text.Substring(at, length), at);
    }

    private static int Digits(string text, int at)
    {
        var count = 0;
        while (at + count < text.Length && char.IsAsciiDigit(text[at + count])) count++;
        return count;
    }

    private static Token Text(string text, int at, out int length)
    {
        var content = new System.Text.StringBuilder();
        for (var i = at + 1; i < text.Length; i++)
        {
            if (text[i] != '\'')
            {
                content.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == '\'')
            {
                content.Append('\'');
                i++;
            }
            else
            {
                length = i + 1 - at;
                return new Token(TokenKind.Text, content.ToString(), at);
            }
        }
        throw new SyntaxException(at, "text begins here and does not end: expected a closing '");
    }
}
