namespace Lambda.Domain.Expressions;

/// <summary>An expression as written, before names and types are known. `At` is the offset in its text that an error about it points to.</summary>
internal abstract record Syntax(int At)
{
    internal sealed record Literal(int At, Value Value) : Syntax(At);

    internal sealed record Null(int At) : Syntax(At);

    internal sealed record Name(int At, string Text) : Syntax(At);

    internal sealed record Unary(int At, UnaryOperator Operator, Syntax Operand) : Syntax(At);

    /// <summary>`At` is the operator.</summary>
    internal sealed record Binary(int At, BinaryOperator Operator, Syntax Left, Syntax Right) : Syntax(At);

    internal sealed record In(int At, Syntax Operand, IReadOnlyList<Syntax> Items, bool Negated) : Syntax(At);

    internal sealed record IsNull(int At, Syntax Operand, bool Negated) : Syntax(At);

    internal sealed record Between(int At, Syntax Operand, Syntax Low, Syntax High, bool Negated) : Syntax(At);

    internal sealed record Call(int At, string Function, IReadOnlyList<Syntax> Arguments) : Syntax(At);

    internal sealed record Index(int At, Syntax Map, Syntax Key) : Syntax(At);
}

/// <summary>The text is no expression: where and why.</summary>
internal sealed class SyntaxException(int at, string message) : Exception(message)
{
    public int At { get; } = at;
}
