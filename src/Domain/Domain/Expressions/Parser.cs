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

    private readonly TokenCursor _tokens;
    private int _depth;

    private Parser(TokenCursor tokens) => _tokens = tokens;

    public static bool IsKeyword(string word) => word == "today" || TokenCursor.Keywords.Contains(word);

    /// <exception cref="SyntaxException">Not an expression.</exception>
    public static Syntax Parse(string text)
    {
        var tokens = Lexer.Tokens(text);
        if (tokens.Count > MaxTokens) throw new SyntaxException(tokens[MaxTokens].At, $"more than {MaxTokens} words and signs: put parts into derived values of their own");
        var parser = new Parser(new TokenCursor(tokens));
        if (parser.Peek.Kind == TokenKind.End) throw new SyntaxException(0, "expected an expression, found nothing");
        var expression = parser.Or();
        if (parser.Peek.Kind != TokenKind.End) throw parser._tokens.Unexpected("an operator or the end of the expression");
        return expression;
    }

    private Token Peek => _tokens.Peek;

    private Syntax Or()
    {
        if (++_depth > MaxDepth) throw new SyntaxException(Peek.At, $"nested more than {MaxDepth} deep: put parts into derived values of their own");
        var left = And();
        while (_tokens.TryWord("or", out var at)) left = new Syntax.Binary(at, BinaryOperator.Or, left, And());
        _depth--;
        return left;
    }

    private Syntax And()
    {
        var left = Not();
        while (_tokens.TryWord("and", out var at)) left = new Syntax.Binary(at, BinaryOperator.And, left, Not());
        return left;
    }

    private Syntax Not()
    {
        if (!_tokens.TryWord("not", out var at)) return Comparison();
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
            if (_tokens.TryWord("is", out _))
            {
                var negated = _tokens.TryWord("not", out _);
                if (!_tokens.TryWord("null", out _)) throw _tokens.Unexpected("`null`");
                left = new Syntax.IsNull(at, left, negated);
                continue;
            }
            var not = Peek is { Kind: TokenKind.Word, Text: "not" } && _tokens.Second is { Kind: TokenKind.Word, Text: "in" or "between" };
            if (not) _tokens.Take();
            if (_tokens.TryWord("in", out _)) left = new Syntax.In(at, left, List(), not);
            else if (_tokens.TryWord("between", out _)) left = Between(at, left, not);
            else return left;
        }
    }

    private Syntax.Between Between(int at, Syntax operand, bool negated)
    {
        var low = Sum();
        if (!_tokens.TryWord("and", out _)) throw _tokens.Unexpected("`and` and the upper bound of `between`");
        return new Syntax.Between(at, operand, low, Sum(), negated);
    }

    private List<Syntax> List()
    {
        _tokens.Expect("(", "`(` and the values of `in`");
        var items = new List<Syntax> { Sum() };
        while (_tokens.TrySymbol(",", out _)) items.Add(Sum());
        _tokens.Expect(")", "`,` or `)`");
        return items;
    }

    private Syntax Sum()
    {
        var left = Product();
        while (true)
        {
            if (_tokens.TrySymbol("+", out var at)) left = new Syntax.Binary(at, BinaryOperator.Add, left, Product());
            else if (_tokens.TrySymbol("-", out at)) left = new Syntax.Binary(at, BinaryOperator.Subtract, left, Product());
            else return left;
        }
    }

    private Syntax Product()
    {
        var left = Negation();
        while (true)
        {
            if (_tokens.TrySymbol("*", out var at)) left = new Syntax.Binary(at, BinaryOperator.Multiply, left, Negation());
            else if (_tokens.TrySymbol("/", out at)) left = new Syntax.Binary(at, BinaryOperator.Divide, left, Negation());
            else return left;
        }
    }

    private Syntax Negation()
    {
        if (!_tokens.TrySymbol("-", out var at)) return Postfix();
        if (Peek.Kind is TokenKind.Integer or TokenKind.Decimal) return Number(at, negative: true);
        if (++_depth > MaxDepth) throw new SyntaxException(at, $"nested more than {MaxDepth} deep");
        var operand = new Syntax.Unary(at, UnaryOperator.Negate, Negation());
        _depth--;
        return operand;
    }

    private Syntax Postfix()
    {
        var operand = Primary();
        while (_tokens.TrySymbol("[", out var at))
        {
            operand = new Syntax.Index(at, operand, Sum());
            _tokens.Expect("]", "`]`");
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
                _tokens.Take();
                return new Syntax.Literal(token.At, Value.Text(token.Text));
            case TokenKind.Symbol when token.Text == "(":
                _tokens.Take();
                var inner = Or();
                _tokens.Expect(")", "`)`");
                return inner;
            case TokenKind.Word:
                return Word(token);
            default:
                throw _tokens.Unexpected("a value, a name or `(`");
        }
    }

    private Syntax Word(Token token)
    {
        switch (token.Text)
        {
            case "true" or "false":
                _tokens.Take();
                return new Syntax.Literal(token.At, Value.Bool(token.Text == "true"));
            case "null":
                _tokens.Take();
                return new Syntax.Null(token.At);
            case "date" or "instant" when _tokens.Second.Kind == TokenKind.Text:
                _tokens.Take();
                return Moment(token);
        }
        if (TokenCursor.Keywords.Contains(token.Text)) throw _tokens.Unexpected("a value, a name or `(`");
        _tokens.Take();
        if (!_tokens.TrySymbol("(", out _)) return new Syntax.Name(token.At, token.Text);
        var arguments = new List<Syntax>();
        if (!_tokens.TrySymbol(")", out _))
        {
            do arguments.Add(Or());
            while (_tokens.TrySymbol(",", out _));
            _tokens.Expect(")", "`,` or `)`");
        }
        return new Syntax.Call(token.At, token.Text, arguments);
    }

    private Syntax.Literal Moment(Token keyword)
    {
        var text = Encoding.UTF8.GetBytes(Peek.Text);
        if (keyword.Text == "date" && DeclaredForms.TryDay(text, out var day))
        {
            _tokens.Take();
            return new Syntax.Literal(keyword.At, Value.Day((int)day));
        }
        if (keyword.Text == "instant" && DeclaredForms.TryInstant(text, out var micros))
        {
            _tokens.Take();
            return new Syntax.Literal(keyword.At, Value.Instant(micros));
        }
        throw _tokens.Unexpected(keyword.Text == "date" ? "a day of 1900 to 2299 such as date '2026-01-31'" : "an instant such as instant '2026-01-31T09:30:00Z'");
    }

    private Syntax.Literal Number(int at, bool negative)
    {
        var token = Peek;
        var text = Encoding.ASCII.GetBytes((negative ? "-" : "") + token.Text);
        if (token.Kind == TokenKind.Integer && DeclaredForms.TryInt64(text, out var whole))
        {
            _tokens.Take();
            return new Syntax.Literal(at, Value.Int(whole));
        }
        if (token.Kind == TokenKind.Decimal && DeclaredForms.TryDecimal(text, out var scaled))
        {
            _tokens.Take();
            return new Syntax.Literal(at, Value.DecimalScaled(scaled));
        }
        throw _tokens.Unexpected(token.Kind == TokenKind.Integer ? "a whole number within int64 (19 digits)" : "a decimal with at most 32 digits before and 6 behind the point");
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
        _tokens.Take();
        return true;
    }
}
