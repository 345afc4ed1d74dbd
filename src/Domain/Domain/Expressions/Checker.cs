using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// Names and types: syntax to a checked expression. Reports every error once and goes on; a part with an error is null, and what contains it stays silent.
/// </summary>
internal sealed class Checker(IScope scope, Func<int, SourcePlace> placeOf, Action<SourcePlace, string> report)
{
    private static readonly ResultType Bool = new(ScalarType.Bool, false);

    /// <summary>The expression, or null after at least one report.</summary>
    public Expr? Check(Syntax syntax) => syntax switch
    {
        Syntax.Literal literal => new Expr.Constant(literal.Value),
        Syntax.Null => Fail(syntax, "`null` cannot stand here: test with `is null` or `is not null`"),
        Syntax.Name name => scope.Resolve(name.Text, out var error) ?? Fail(syntax, error),
        Syntax.Unary { Operator: UnaryOperator.Not } not => CheckBool(not.Operand, "`not`") is { } operand ? new Expr.Unary(UnaryOperator.Not, operand, Bool) : null,
        Syntax.Unary negate => CheckNumber(negate.Operand, "`-`") is { } number ? new Expr.Unary(UnaryOperator.Negate, number, number.Type) : null,
        Syntax.Binary { Operator: BinaryOperator.And or BinaryOperator.Or } logic => Logic(logic),
        Syntax.Binary { Operator: >= BinaryOperator.Add } arithmetic => Arithmetic(arithmetic),
        Syntax.Binary comparison => Compare(comparison.At, comparison.Operator, comparison.Left, comparison.Right),
        Syntax.Between between => Between(between),
        Syntax.In membership => In(membership),
        Syntax.IsNull test => CheckScalar(test.Operand, "`is null`") is { } operand ? new Expr.IsNull(operand, test.Negated) : null,
        Syntax.Index index => Call(index.At, Functions.KeyAccess, [index.Map, index.Key]),
        Syntax.Call call => Functions.Named(call.Function) is { } function
            ? Call(call.At, function, call.Arguments)
            : Fail(syntax, $"no function is called `{call.Function}`{Suggestion.For(call.Function, Functions.All.Select(f => f.Name))}"),
        _ => throw new InvalidOperationException($"{syntax.GetType().Name} is not checked"),
    };

    private Expr? Logic(Syntax.Binary logic)
    {
        var word = logic.Operator == BinaryOperator.And ? "`and`" : "`or`";
        var (left, right) = (CheckBool(logic.Left, word), CheckBool(logic.Right, word));
        return left is null || right is null ? null : new Expr.Binary(logic.Operator, left, right, Bool);
    }

    private Expr? Arithmetic(Syntax.Binary arithmetic)
    {
        var symbol = $"`{ExprText.Symbol(arithmetic.Operator)}`";
        var (left, right) = (CheckNumber(arithmetic.Left, symbol), CheckNumber(arithmetic.Right, symbol));
        if (left is null || right is null) return null;
        var whole = arithmetic.Operator != BinaryOperator.Divide && left.Type.Scalar == ScalarType.Int64 && right.Type.Scalar == ScalarType.Int64;
        return new Expr.Binary(arithmetic.Operator, left, right, new(whole ? ScalarType.Int64 : ScalarType.Decimal, false));
    }

    private Expr? Compare(int at, BinaryOperator comparison, Syntax leftSyntax, Syntax rightSyntax)
    {
        var symbol = $"`{ExprText.Symbol(comparison)}`";
        var (left, right) = (CheckScalar(leftSyntax, symbol), CheckScalar(rightSyntax, symbol));
        if (left is null || right is null) return null;
        if (!Types.TryUnify(left.Type.Scalar, right.Type.Scalar, out var common)) return Fail(at, $"{symbol} cannot compare {left.Type.Words()} with {right.Type.Words()}{Hint(left, right)}");
        if (common == ScalarType.Bool && comparison is not (BinaryOperator.Equal or BinaryOperator.NotEqual)) return Fail(at, $"{symbol} does not order bool: use `=`, `<>`, `and`, `or`, `not`");
        var known = IsKnownWord(left, right, rightSyntax.At) & IsKnownWord(right, left, leftSyntax.At);
        return known ? new Expr.Binary(comparison, left, right, Bool) : null;
    }

    private Expr? Between(Syntax.Between between)
    {
        var low = Compare(between.At, BinaryOperator.GreaterOrEqual, between.Operand, between.Low);
        if (low is null) return null;
        var high = Compare(between.At, BinaryOperator.LessOrEqual, between.Operand, between.High);
        if (high is null) return null;
        var both = new Expr.Binary(BinaryOperator.And, low, high, Bool);
        return between.Negated ? new Expr.Unary(UnaryOperator.Not, both, Bool) : both;
    }

    private Expr? In(Syntax.In membership)
    {
        var operand = CheckScalar(membership.Operand, "`in`");
        if (operand is null) return null;
        if (operand.Type.Scalar == ScalarType.Bool) return Fail(membership, "`in` does not list bool: use the bool itself or `not`");
        var type = operand.Type.Scalar;
        foreach (var item in membership.Items)
        {
            if (item is not Syntax.Literal { Value: var value }) return Fail(item, "`in` lists values written out, such as in ('a', 'b')");
            if (!Types.TryUnify(type, value.Type, out type)) return Fail(item, $"`in` compares {operand.Type.Words()} with {value.Type.Word()}");
            if (!IsKnownWord(operand, new Expr.Constant(value), item.At)) return null;
        }
        var values = membership.Items.Select(i => ((Syntax.Literal)i).Value);
        return new Expr.In(operand, [.. values.Select(v => v.Type == type ? v : Value.DecimalScaled(v.Number * DecimalMath.One))], membership.Negated);
    }

    private Expr? Call(int at, Function function, IReadOnlyList<Syntax> syntax)
    {
        var errors = 0;
        var arguments = new Argument[syntax.Count];
        for (var i = 0; i < arguments.Length; i++)
        {
            var expression = syntax[i] is Syntax.Null ? null : Check(syntax[i]);
            if (expression is null && syntax[i] is not Syntax.Null) errors++;
            arguments[i] = new Argument(expression, placeOf(syntax[i].At));
        }
        if (errors > 0) return null;
        if (function.Check(new CallCheck(function.Name, function.Signature, placeOf(at), arguments, report)) is not { } type) return null;
        return new Expr.Call(function, [.. arguments.Select(a => a.Expression ?? new Expr.Constant(Value.Null(type.Scalar)))], type);
    }

    private Expr? CheckBool(Syntax syntax, string by)
    {
        var expression = Check(syntax);
        if (expression is null || expression.Type == Bool) return expression;
        return Fail(Begin(syntax), $"{by} needs bool, found {expression.Type.Words()}{MapHint(expression)}");
    }

    private Expr? CheckNumber(Syntax syntax, string by)
    {
        var expression = Check(syntax);
        if (expression is null || (!expression.Type.ByKey && expression.Type.Scalar.IsNumber())) return expression;
        var hint = expression.Type.Scalar is ScalarType.Day or ScalarType.Instant ? "; `days_between` subtracts days" : MapHint(expression);
        return Fail(Begin(syntax), $"{by} needs a number, found {expression.Type.Words()}{hint}");
    }

    private Expr? CheckScalar(Syntax syntax, string by)
    {
        var expression = Check(syntax);
        return expression is null || !expression.Type.ByKey ? expression : Fail(Begin(syntax), $"{by} needs a single value, found {expression.Type.Words()}{MapHint(expression)}");
    }

    /// <summary>A misspelt word of a closed vocabulary would silently never match: it is an error.</summary>
    private bool IsKnownWord(Expr field, Expr constant, int at)
    {
        if (field is not Expr.EventField { Field: FieldRef.Catalogued { Field: { Closed: true, Vocabulary: { } words } known } }) return true;
        if (constant is not Expr.Constant { Value: { IsNull: false } value } || words.Contains(value.ToString())) return true;
        Fail(at, $"`{known.Name}` is never '{value}'{Suggestion.For(value.ToString(), words)}; its values are {string.Join(", ", words)}");
        return false;
    }

    private static string Hint(Expr left, Expr right)
    {
        var other = left.Type.Scalar == ScalarType.Text ? right.Type.Scalar : left.Type.Scalar;
        if (left is not Expr.Constant && right is not Expr.Constant) return "";
        return other == ScalarType.Day ? "; a day is written date '2026-01-31'" : other == ScalarType.Instant ? "; an instant is written instant '2026-01-31T09:30:00Z'" : "";
    }

    private static string MapHint(Expr expression) => expression.Type.ByKey ? "; take one key with ['key'], or use total or top_key" : "";

    /// <summary>Where an operand begins: its leftmost token.</summary>
    private static int Begin(Syntax syntax) => syntax switch
    {
        Syntax.Binary binary => Begin(binary.Left),
        Syntax.In membership => Begin(membership.Operand),
        Syntax.IsNull test => Begin(test.Operand),
        Syntax.Between between => Begin(between.Operand),
        Syntax.Index index => Begin(index.Map),
        _ => syntax.At,
    };

    private Expr? Fail(Syntax syntax, string message) => Fail(syntax.At, message);

    private Expr? Fail(int at, string message)
    {
        report(placeOf(at), message);
        return null;
    }
}
