using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>The SQL of <see cref="Arithmetic"/> and <see cref="DecimalMath"/>: wider integers, then a range check that becomes the condition of presence.</summary>
internal static class ArithmeticSql
{
    public static Sql Longs(SqlEmitter sql, BinaryOperator operation, Sql left, Sql right)
    {
        var wide = sql.Let($"(toInt128({left.Value}) {Symbol(operation)} toInt128({right.Value}))");
        return Sql.Scalar($"toInt64({wide})", Sql.And(left.Present, right.Present, FitsLong(wide)));
    }

    public static Sql Decimals(SqlEmitter sql, BinaryOperator operation, Sql left, Sql right)
    {
        var present = Sql.And(left.Present, right.Present);
        var (a, b) = ($"toInt256({left.Value})", $"toInt256({right.Value})");
        return operation switch
        {
            BinaryOperator.Multiply => Narrow(sql, DivideHalfEven($"({a} * {b})", $"toInt256({DecimalMath.One})"), present),
            BinaryOperator.Divide => Narrow(sql, DivideHalfEven($"({a} * 1000000)", b), Sql.And(present, $"({right.Value} != 0)")),
            _ => Narrow(sql, $"({a} {Symbol(operation)} {b})", present),
        };
    }

    public static Sql Negate(ScalarType type, Sql operand) => type == ScalarType.Decimal
        ? Sql.Scalar($"(- {operand.Value})", operand.Present)
        : Sql.Scalar($"toInt64(- {operand.Value})", Sql.And(operand.Present, NotSmallest(operand.Value)));

    /// <summary>An Int256 as a decimal, null past 38 digits.</summary>
    public static Sql Narrow(SqlEmitter sql, string wide, string present)
    {
        wide = sql.Let(wide);
        return Sql.Scalar($"toInt128({wide})", Sql.And(present, $"({wide} > {Sql.Wide(-DecimalMath.Limit)})", $"({wide} < {Sql.Wide(DecimalMath.Limit)})"));
    }

    /// <summary>Condition: an integer wider than int64 fits it.</summary>
    public static string FitsLong(string wide) => $"({wide} >= toInt64('-9223372036854775808') AND {wide} <= toInt64('9223372036854775807'))";

    /// <summary>Condition: an int64 has a negative in int64.</summary>
    public static string NotSmallest(string number) => $"({number} != toInt64('-9223372036854775808'))";

    /// <summary>
    /// n / d of Int256, rounded half to even; 0 by zero. A lambda binds n and d: the formula needs them a dozen times, and ClickHouse expands aliases before
    /// it counts a query's size, so that four nested divisions would be refused.
    /// </summary>
    public static string DivideHalfEven(string n, string d)
    {
        const string twice = "abs(moduloOrZero(n, d) * 2)";
        const string away = $"({twice} > abs(d) OR ({twice} = abs(d) AND intDivOrZero(n, d) % 2 != 0))";
        return $"arrayMap((n, d) -> intDivOrZero(n, d) + if((n < 0) = (d < 0), 1, -1) * {away}, [{n}], [{d}])[1]";
    }

    private static string Symbol(BinaryOperator operation) => operation switch
    {
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        _ => "*",
    };
}
