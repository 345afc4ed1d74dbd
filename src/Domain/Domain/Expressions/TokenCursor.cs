namespace Lambda.Domain.Expressions;

/// <summary>Walks the tokens of an expression. The last is <see cref="TokenKind.End"/> and is never passed.</summary>
internal sealed class TokenCursor(List<Token> tokens)
{
    public static readonly string[] Keywords = ["and", "or", "not", "in", "is", "null", "between", "true", "false", "date", "instant"];

    private int _next;

    public Token Peek => tokens[_next];

    /// <summary>The one after the next.</summary>
    public Token Second => tokens[Math.Min(_next + 1, tokens.Count - 1)];

    public void Take() => _next = Math.Min(_next + 1, tokens.Count - 1);

    /// <summary>Takes the next token if it is this word.</summary>
    public bool TryWord(string word, out int at) => Try(TokenKind.Word, word, out at);

    public bool TrySymbol(string symbol, out int at) => Try(TokenKind.Symbol, symbol, out at);

    /// <param name="expected">As the error says it.</param>
    public void Expect(string symbol, string expected)
    {
        if (!TrySymbol(symbol, out _)) throw Unexpected(expected);
    }

    public SyntaxException Unexpected(string expected)
    {
        var lower = Peek.Text.ToLowerInvariant();
        var hint = Peek.Kind == TokenKind.Word && lower != Peek.Text && Keywords.Contains(lower) ? $"; keywords are lower case: `{lower}`" : "";
        return new SyntaxException(Peek.At, $"found {Peek.Described}, expected {expected}{hint}");
    }

    private bool Try(TokenKind kind, string text, out int at)
    {
        at = Peek.At;
        if (Peek.Kind != kind || Peek.Text != text) return false;
        Take();
        return true;
    }
}
