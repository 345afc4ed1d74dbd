using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>Expression trees to <see cref="Sql"/>; the mirror of <see cref="Evaluators"/>. Leaves (fields, outputs) are the caller's. For one expression.</summary>
internal sealed class SqlEmitter(Func<SqlEmitter, Expr, Sql> leaf, string? today)
{
    private readonly SqlNames _names = new();

    /// <summary>One Nullable column; plain where the expression is never null.</summary>
    public string Column(Expr expression)
    {
        var sql = Emit(expression);
        if (!sql.IsScalar) return _names.Render(sql.IsNeverNull ? sql.IsTrue : $"multiIf({sql.IsTrue}, 1, {sql.IsFalse}, 0, NULL)");
        return _names.Render(sql.IsNeverNull ? sql.Value : $"if({sql.Present}, {sql.Value}, NULL)");
    }

    public string Condition(Expr expression) => _names.Render(Emit(expression).IsTrue);

    public string Present(Expr expression) => _names.Render(Emit(expression).Present);

    /// <summary>The value, anything where it is null.</summary>
    public string Value(Expr expression) => _names.Render(Emit(expression) is { IsScalar: true } scalar ? scalar.Value : Emit(expression).IsTrue);

    /// <summary>Names a part that is used more than once.</summary>
    public string Let(string text) => _names.Let(text);

    /// <summary>The parts of the result are named already.</summary>
    public Sql Emit(Expr expression)
    {
        if (expression.Type.ByKey) return leaf(this, expression);
        var sql = EmitNode(expression);
        if (sql.IsScalar) return Sql.Scalar(Let(sql.Value), Let(sql.Present));
        return sql.IsNeverNull ? Sql.NeverNull(Let(sql.IsTrue)) : Sql.Bool(Let(sql.IsTrue), Let(sql.IsFalse));
    }

    private Sql EmitNode(Expr expression) => expression switch
    {
        Expr.Constant constant => Constant(constant.Value),
        Expr.EventField or Expr.Output => leaf(this, expression),
        Expr.Today => Sql.Scalar(today ?? throw new InvalidOperationException("`today` has no meaning in an event's expression")),
        Expr.Unary { Operator: UnaryOperator.Not } not => Not(Emit(not.Operand)),
        Expr.Unary negate => ArithmeticSql.Negate(negate.Type.Scalar, Emit(negate.Operand)),
        Expr.Binary { Operator: BinaryOperator.And } and => And(Emit(and.Left), Emit(and.Right)),
        Expr.Binary { Operator: BinaryOperator.Or } or => Or(Emit(or.Left), Emit(or.Right)),
        Expr.Binary { Operator: >= BinaryOperator.Add } arithmetic => arithmetic.Type.Scalar == ScalarType.Int64
            ? ArithmeticSql.Longs(this, arithmetic.Operator, Emit(arithmetic.Left), Emit(arithmetic.Right))
            : ArithmeticSql.Decimals(this, arithmetic.Operator, EmitDecimal(arithmetic.Left), EmitDecimal(arithmetic.Right)),
        Expr.Binary comparison => Compare(comparison),
        Expr.In membership => In(membership),
        Expr.IsNull { Negated: true } test => Sql.NeverNull(Emit(test.Operand).Present),
        Expr.IsNull test => Sql.NeverNull(Sql.Not(Emit(test.Operand).Present)),
        Expr.Call call => call.Function.Emit(call, this),
        _ => throw new InvalidOperationException($"expression {expression.GetType().Name} has no SQL"),
    };

    /// <summary>As a decimal; an int64 is scaled.</summary>
    public Sql EmitDecimal(Expr expression)
    {
        if (expression is Expr.Constant { Value: { IsNull: false, Type: ScalarType.Int64 } whole })
            return Sql.Scalar(Sql.Number(whole.Number * DecimalMath.One, ScalarType.Decimal));
        var sql = Emit(expression);
        return expression.Type.Scalar == ScalarType.Decimal ? sql : Sql.Scalar(Let($"(toInt128({sql.Value}) * 1000000)"), sql.Present);
    }

    /// <summary>In the type wanted of several alternatives, one of which may be a decimal.</summary>
    public Sql EmitAs(ScalarType type, Expr expression) => type == ScalarType.Decimal ? EmitDecimal(expression) : Emit(expression);

    private static Sql Not(Sql operand) => operand.IsNeverNull ? Sql.NeverNull(operand.IsFalse) : Sql.Bool(operand.IsFalse, operand.IsTrue);

    private static Sql And(Sql left, Sql right)
    {
        var isTrue = Sql.And(left.IsTrue, right.IsTrue);
        return left.IsNeverNull && right.IsNeverNull ? Sql.NeverNull(isTrue) : Sql.Bool(isTrue, Sql.Or(left.IsFalse, right.IsFalse));
    }

    private static Sql Or(Sql left, Sql right)
    {
        var isTrue = Sql.Or(left.IsTrue, right.IsTrue);
        return left.IsNeverNull && right.IsNeverNull ? Sql.NeverNull(isTrue) : Sql.Bool(isTrue, Sql.And(left.IsFalse, right.IsFalse));
    }

    private static Sql Constant(Value constant)
    {
        var present = constant.IsNull ? Sql.Never : Sql.Always;
        return constant.Type switch
        {
            ScalarType.Bool => constant.IsNull ? Sql.Bool(Sql.Never, Sql.Never) : Sql.NeverNull(constant.IsTrue ? Sql.Always : Sql.Never),
            ScalarType.Text => Sql.Scalar(Sql.Text(constant.Utf8), present),
            var type => Sql.Scalar(Sql.Number(constant.Number, type), present),
        };
    }

    private Sql Compare(Expr.Binary comparison)
    {
        if (comparison.Left.Type.Scalar == ScalarType.Bool) return CompareBools(comparison.Operator == BinaryOperator.Equal, Emit(comparison.Left), Emit(comparison.Right));
        var asDecimal = comparison.Left.Type.Scalar == ScalarType.Decimal || comparison.Right.Type.Scalar == ScalarType.Decimal;
        var type = asDecimal ? ScalarType.Decimal : comparison.Left.Type.Scalar;
        var (left, right) = (EmitAs(type, comparison.Left), EmitAs(type, comparison.Right));
        return Sql.Test(Let($"({left.Value} {Symbol(comparison.Operator)} {right.Value})"), Let(Sql.And(left.Present, right.Present)));
    }

    private static Sql CompareBools(bool equal, Sql a, Sql b)
    {
        var same = Sql.Or(Sql.And(a.IsTrue, b.IsTrue), Sql.And(a.IsFalse, b.IsFalse));
        if (a.IsNeverNull && b.IsNeverNull) return Sql.NeverNull(equal ? same : Sql.Not(same));
        var other = Sql.Or(Sql.And(a.IsTrue, b.IsFalse), Sql.And(a.IsFalse, b.IsTrue));
        return equal ? Sql.Bool(same, other) : Sql.Bool(other, same);
    }

    private Sql In(Expr.In membership)
    {
        var type = membership.Values[0].Type == ScalarType.Decimal ? ScalarType.Decimal : membership.Operand.Type.Scalar;
        var operand = EmitAs(type, membership.Operand);
        var values = membership.Values.Select(v => type == ScalarType.Text ? Sql.Text(v.Utf8) : Sql.Number(v.Number, type));
        var inside = Sql.Test(Let($"({operand.Value} IN ({string.Join(", ", values)}))"), operand.Present);
        return membership.Negated ? Not(inside) : inside;
    }

    private static string Symbol(BinaryOperator comparison) => comparison switch
    {
        BinaryOperator.Equal => "=",
        BinaryOperator.NotEqual => "!=",
        BinaryOperator.Less => "<",
        BinaryOperator.LessOrEqual => "<=",
        BinaryOperator.Greater => ">",
        _ => ">=",
    };
}
