using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// Recursive descent, loosest first: or; and; not; comparison, in, is null, between; + -; * /; unary -; [key]; literals, names, calls, parentheses.
/// </summary>
internal sealed class Parser
{
    // Both keep recursion and the emitted SQL bounded: searches come from outside.
    public const int MaxDepth = 40;
    public const int MaxTokens = 1000;

    private static readonly string[] Keywords = ["and", "or", "not", "in", "is", "null", "between", "true", "false", "date", "instant"];

    private readonly List<Token> _tokens;
    private int _next;
    private int _depth;

    private Parser(List<Token> tokens) => _tokens = tokens;

    public static bool IsKeyword(string word) => word == "today" || Keywords.Contains(word);

    /// <exception cref="SyntaxException">Not an expression.</exception>
    public static Syntax Parse(string text)
    {
        var parser = new Parser(Lexer.Tokens(text));
        if (parser._tokens.Count > MaxTokens) throw new SyntaxException(parser._tokens[MaxTokens].At, $"more than {MaxTokens} words and signs: put parts into derived values of their own");
        if (parser.Peek.Kind == TokenKind.End) throw new SyntaxException(0, "expected an expression, found nothing");
        var expression = parser.Or();
        if (parser.Peek.Kind != TokenKind.End) throw parser.Unexpected("an operator or the end of the expression");
        return expression;
    }

    private Token Peek => _tokens[_next];

    private Syntax Or()
    {
        if (++_depth > MaxDepth) throw new SyntaxException(Peek.At, $"nested more than {MaxDepth} deep: put parts into derived values of their own");
        var left = And();
        while (TryWord("or", out var at)) left = new Syntax.Binary(at, BinaryOperator.Or, left, And());
        _depth--;
        return left;
    }

    private Syntax And()
    {
        var left = Not();
        while (TryWord("and", out var at)) left = new Syntax.Binary(at, BinaryOperator.And, left, Not());
        return left;
    }

    private Syntax Not()
    {
        if (!TryWord("not", out var at)) return Comparison();
        if (++_depth > MaxDepth) throw new SyntaxException(at, $"nested more than {MaxDepth} deep");
        var operand = new Syntax.Unary(at, UnaryOperator.Not, Not());
        _depth--;
        return operand;
    }

    private Syntax Comparison()
    {
        var left = Sum();
        if (TryComparison(out var comparison, out var at))
        {
            left = new Syntax.Binary(at, comparison, left, Sum());
            if (TryComparison(out _, out at)) throw new SyntaxException(at, "comparisons do not chain: join two with `and`, or use `between`");
        }
        while (true)
        {
            at = Peek.At;
            if (TryWord("is", out _))
            {
                var negated = TryWord("not", out _);
                if (!TryWord("null", out _)) throw Unexpected("`null`");
                left = new Syntax.IsNull(at, left, negated);
                continue;
            }
            var not = Peek is { Kind: TokenKind.Word, Text: "not" } && _tokens[_next + 1] is { Kind: TokenKind.Word, Text: "in" or "between" };
            if (not) _next++;
            if (TryWord("in", out _)) left = new Syntax.In(at, left, List(), not);
            else if (TryWord("between", out _)) left = Between(at, left, not);
            else return left;
        }
    }

    private Syntax.Between Between(int at, Syntax operand, bool negated)
    {
        var low = Sum();
        if (!TryWord("and", out _)) throw Unexpected("`and` and the upper bound of `between`");
        return new Syntax.Between(at, operand, low, Sum(), negated);
    }

    private List<Syntax> List()
    {
        Expect("(", "`(` and the values of `in`");
        var items = new List<Syntax> { Sum() };
        while (TrySymbol(",", out _)) items.Add(Sum());
        Expect(")", "`,` or `)`");
        return items;
    }

    private Syntax Sum()
    {
        var left = Product();
        while (true)
        {
            if (TrySymbol("+", out var at)) left = new Syntax.Binary(at, BinaryOperator.Add, left, Product());
            else if (TrySymbol("-", out at)) left = new Syntax.Binary(at, BinaryOperator.Subtract, left, Product());
            else return left;
        }
    }

    private Syntax Product()
    {
        var left = Negation();
        while (true)
        {
            if (TrySymbol("*", out var at)) left = new Syntax.Binary(at, BinaryOperator.Multiply, left, Negation());
            else if (TrySymbol("/", out at)) left = new Syntax.Binary(at, BinaryOperator.Divide, left, Negation());
            else return left;
        }
    }

    private Syntax Negation()
    {
        if (!TrySymbol("-", out var at)) return Postfix();
        if (Peek.Kind is TokenKind.Integer or TokenKind.Decimal) return Number(at, negative: true);
        if (++_depth > MaxDepth) throw new SyntaxException(at, $"nested more than {MaxDepth} deep");
        var operand = new Syntax.Unary(at, UnaryOperator.Negate, Negation());
        _depth--;
        return operand;
    }

    private Syntax Postfix()
    {
        var operand = Primary();
        while (TrySymbol("[", out var at))
        {
            operand = new Syntax.Index(at, operand, Sum());
            Expect("]", "`]`");
        }
        return operand;
    }

    private Syntax Primary()
    {
        var token = Peek;
        switch (token.Kind)
        {
            case TokenKind.Integer or TokenKind.Decimal:
                return Number(token.At, negative: false);
            case TokenKind.Text:
                _next++;
                return new Syntax.Literal(token.At, Value.Text(token.Text));
            case TokenKind.Symbol when token.Text == "(":
                _next++;
                var inner = Or();
                Expect(")", "`)`");
                return inner;
            case TokenKind.Word:
                return Word(token);
            default:
                throw Unexpected("a value, a name or `(`");
        }
    }

    private Syntax Word(Token token)
    {
        _next++;
        switch (token.Text)
        {
            case "true" or "false":
                return new Syntax.Literal(token.At, Value.Bool(token.Text == "true"));
            case "null":
                return new Syntax.Null(token.At);
            case "date" or "instant" when Peek.Kind == TokenKind.Text:
                return Moment(token);
        }
        if (Keywords.Contains(token.Text))
        {
            _next--;
            throw Unexpected("a value, a name or `(`");
        }
        if (!TrySymbol("(", out _)) return new Syntax.Name(token.At, token.Text);
        var arguments = new List<Syntax>();
        if (!TrySymbol(")", out _))
        {
            do arguments.Add(Or());
            while (TrySymbol(",", out _));
            Expect(")", "`,` or `)`");
        }
        return new Syntax.Call(token.At, token.Text, arguments);
    }

    private Syntax.Literal Moment(Token keyword)
    {
        var text = Encoding.UTF8.GetBytes(Peek.Text);
        if (keyword.Text == "date" && DeclaredForms.TryDay(text, out var day))
        {
            _next++;
            return new Syntax.Literal(keyword.At, Value.Day((int)day));
        }
        if (keyword.Text == "instant" && DeclaredForms.TryInstant(text, out var micros))
        {
            _next++;
            return new Syntax.Literal(keyword.At, Value.Instant(micros));
        }
        throw Unexpected(keyword.Text == "date" ? "a day of 1900 to 2299 such as date '2026-01-31'" : "an instant such as instant '2026-01-31T09:30:00Z'");
    }

    private Syntax.Literal Number(int at, bool negative)
    {
        var token = Peek;
        var text = Encoding.ASCII.GetBytes((negative ? "-" : "") + token.Text);
        if (token.Kind == TokenKind.Integer && DeclaredForms.TryInt64(text, out var whole))
        {
            _next++;
            return new Syntax.Literal(at, Value.Int(whole));
        }
        if (token.Kind == TokenKind.Decimal && DeclaredForms.TryDecimal(text, out var scaled))
        {
            _next++;
            return new Syntax.Literal(at, Value.DecimalScaled(scaled));
        }
        throw Unexpected(token.Kind == TokenKind.Integer ? "a whole number within int64 (19 digits)" : "a decimal with at most 32 digits before and 6 behind the point");
    }

    private bool TryComparison(out BinaryOperator comparison, out int at)
    {
        (comparison, at) = (BinaryOperator.Equal, Peek.At);
        if (Peek.Kind != TokenKind.Symbol) return false;
        BinaryOperator? found = Peek.Text switch
        {
            "=" => BinaryOperator.Equal,
            "<>" or "!=" => BinaryOperator.NotEqual,
            "<" => BinaryOperator.Less,
            "<=" => BinaryOperator.LessOrEqual,
            ">" => BinaryOperator.Greater,
            ">=" => BinaryOperator.GreaterOrEqual,
            _ => null,
        };
        if (found is null) return false;
        comparison = found.Value;
        _next++;
        return true;
    }

    private bool TryWord(string word, out int at) => Try(TokenKind.Word, word, out at);

    private bool TrySymbol(string symbol, out int at) => Try(TokenKind.Symbol, symbol, out at);

    private bool Try(TokenKind kind, string text, out int at)
    {
        at = Peek.At;
        if (Peek.Kind != kind || Peek.Text != text) return false;
        _next++;
        return true;
    }

    private void Expect(string symbol, string expected)
    {
        if (!TrySymbol(symbol, out _)) throw Unexpected(expected);
    }

    private SyntaxException Unexpected(string expected)
    {
        var lower = Peek.Text.ToLowerInvariant();
        var hint = Peek.Kind == TokenKind.Word && lower != Peek.Text && Keywords.Contains(lower) ? $"; keywords are lower case: `{lower}`" : "";
        return new SyntaxException(Peek.At, $"found {Peek.Described}, expected {expected}{hint}");
    }
}
