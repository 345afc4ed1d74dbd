using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>The SQL of <see cref="Arithmetic"/> and <see cref="DecimalMath"/>: wider integers, then a range check that becomes the condition of presence.</summary>
internal static class ArithmeticSql
{
    public static Sql Longs(BinaryOperator operation, Sql left, Sql right)
    {
        var (define, use) = Sql.Let($"(toInt128({left.Value}) {Symbol(operation)} toInt128({right.Value}))");
        return Sql.Scalar($"toInt64({define})", Sql.And(left.Present, right.Present, FitsLong(define, use)));
    }

    public static Sql Decimals(BinaryOperator operation, Sql left, Sql right)
    {
        var present = Sql.And(left.Present, right.Present);
        var (a, b) = ($"toInt256({left.Value})", $"toInt256({right.Value})");
        return operation switch
        {
            BinaryOperator.Multiply => Narrow(DivideHalfEven($"({a} * {b})", DecimalMath.One), present),
            BinaryOperator.Divide => Divide(a, b, present),
            _ => Narrow($"({a} {Symbol(operation)} {b})", present),
        };
    }

    public static Sql Negate(ScalarType type, Sql operand)
    {
        if (type == ScalarType.Decimal) return Sql.Scalar($"(-{operand.Value})", operand.Present);
        var (define, _) = Sql.Let(operand.Value);
        return Sql.Scalar($"toInt64(-{operand.Value})", Sql.And(operand.Present, $"({define} != toInt64('-9223372036854775808'))"));
    }

    /// <summary>An Int256 as a decimal, null past 38 digits.</summary>
    public static Sql Narrow(string wide, string present)
    {
        var (define, use) = Sql.Let(wide);
        return Sql.Scalar($"toInt128({define})", Sql.And(present, $"({define} > {Sql.Wide(-DecimalMath.Limit)})", $"({use} < {Sql.Wide(DecimalMath.Limit)})"));
    }

    /// <summary>Condition: an integer wider than int64 fits it.</summary>
    public static string FitsLong(string define, string use) => $"({define} >= toInt64('-9223372036854775808') AND {use} <= toInt64('9223372036854775807'))";

    /// <summary>n / d of Int256, rounded half to even; d a positive constant.</summary>
    public static string DivideHalfEven(string n, long d) => DivideHalfEven(n, $"toInt256({d})");

    private static Sql Divide(string a, string b, string present)
    {
        // The divisor is made positive (the sign moves up), and 1 instead of 0: nothing divides by zero even where the result is not used.
        var (define, use) = Sql.Let(b);
        var n = $"(if({define} < 0, -{a}, {a}) * 1000000)";
        var d = Sql.Let($"multiIf({define} = 0, toInt256(1), {use} < 0, -{use}, {use})");
        return Narrow(DivideHalfEven(n, d.Define, d.Use), Sql.And(present, $"({define} != 0)"));
    }

    private static string DivideHalfEven(string n, string d, string? dAgain = null)
    {
        dAgain ??= d;
        var number = Sql.Let(n);
        var quotient = Sql.Let($"intDiv({number.Define}, {d})");
        var twice = Sql.Let($"(({number.Use} % {dAgain}) * 2)");
        var odd = $"{quotient.Use} % 2 != 0";
        return $"({quotient.Define} + ({twice.Define} > {dAgain} OR ({twice.Use} = {dAgain} AND {odd})) - ({twice.Use} < -{dAgain} OR ({twice.Use} = -{dAgain} AND {odd})))";
    }

    private static string Symbol(BinaryOperator operation) => operation switch
    {
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        _ => "*",
    };
}
