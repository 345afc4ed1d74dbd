using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

public static partial class Functions
{
    private static Function Abs => field ??= new("abs", "abs(number) → the same type", "Magnitude; null for the smallest int64.")
    {
        Check = c => c.HasCount(1, 1) && c.Is(0, ScalarType.Int64, ScalarType.Decimal) ? c[0].Type : null,
        Compile = call =>
        {
            var operand = Arg(call, 0);
            if (operand.Type == ScalarType.Decimal)
            {
                var scaled = operand.Decimal;
                return new Node((in f, out value) =>
                {
                    var present = scaled(f, out value);
                    value = Int128.Abs(value);
                    return present;
                });
            }
            var number = operand.Long;
            return new Node(ScalarType.Int64, (in f, out value) =>
            {
                if (!number(f, out value) || value == long.MinValue) return false;
                value = Math.Abs(value);
                return true;
            });
        },
        Emit = (call, sql) =>
        {
            var operand = sql.Emit(call.Arguments[0]);
            var fits = call.Type.Scalar == ScalarType.Int64 ? ArithmeticSql.NotSmallest(operand.Value) : Sql.Always;
            return Sql.Scalar($"{(call.Type.Scalar == ScalarType.Int64 ? "toInt64" : "toInt128")}(abs({operand.Value}))", Sql.And(operand.Present, fits));
        },
    };

    private static Function Least => field ??= Extreme("least", "The smallest of the arguments", order => order <= 0);

    private static Function Greatest => field ??= Extreme("greatest", "The largest of the arguments", order => order >= 0);

    // In SQL not `least` and `greatest`: compiled, from the fourth execution on, they take a negative Int128 for a large one (ClickHouse #118334).
    private static Function Extreme(string name, string doc, Func<int, bool> keepsFirst) => new(name, $"{name}(a, b, …) → their type",
        $"{doc}; null if one of them is null.")
    {
        Check = c => !c.HasCount(2, int.MaxValue) || c.Common(0) is not { } type ? null
            : type.Scalar != ScalarType.Bool ? type : c.Fail(0, $"`{name}` got bool, expected numbers, text, days or instants"),
        Compile = call => Enumerable.Range(1, call.Arguments.Count - 1).Aggregate(Arg(call, 0), (best, i) => Pick(call.Type.Scalar, best, Arg(call, i), keepsFirst)),
        Emit = (call, sql) => call.Arguments.Skip(1).Aggregate(sql.EmitAs(call.Type.Scalar, call.Arguments[0]), (best, argument) =>
        {
            var next = sql.EmitAs(call.Type.Scalar, argument);
            return Sql.Scalar(sql.Let($"{(name == "least" ? "arrayMin" : "arrayMax")}([{best.Value}, {next.Value}])"), sql.Let(Sql.And(best.Present, next.Present)));
        }),
    };

    private static Node Pick(ScalarType type, Node a, Node b, Func<int, bool> keepsFirst)
    {
        if (type == ScalarType.Decimal)
        {
            var (first, second) = (a.Decimal, b.Decimal);
            return new Node((in f, out value) =>
            {
                if (!first(f, out value) || !second(f, out var other)) return false;
                value = keepsFirst(value.CompareTo(other)) ? value : other;
                return true;
            });
        }
        if (type == ScalarType.Text)
        {
            var (first, second) = (a.Text, b.Text);
            return Node.OfText((in f, out value) =>
            {
                if (!first(f, out value) || !second(f, out var other)) return false;
                value = keepsFirst(value.Span.SequenceCompareTo(other.Span)) ? value : other;
                return true;
            });
        }
        var (left, right) = (a.Long, b.Long);
        return new Node(type, (in f, out value) =>
        {
            if (!left(f, out value) || !right(f, out var other)) return false;
            value = keepsFirst(value.CompareTo(other)) ? value : other;
            return true;
        });
    }

    private static Function Round => field ??= new("round", "round(number[, digits]) → decimal", "Rounded to 0 (if not given) to 6 digits behind the point, halves to even.")
    {
        Check = c => !c.HasCount(1, 2) || !c.Is(0, ScalarType.Int64, ScalarType.Decimal) ? null
            : c.Arguments.Length == 1 || c[1] is Expr.Constant { Value: { IsNull: false, Type: ScalarType.Int64, Number: var digits } } && digits >= 0 && digits <= 6
                ? new ResultType(ScalarType.Decimal, false)
                : c.Fail(1, "argument 2 of `round` must be a whole number written out, 0 to 6"),
        Compile = call =>
        {
            var (operand, digits) = (Arg(call, 0).Decimal, Digits(call));
            return new Node((in f, out value) => operand(f, out value) && DecimalMath.TryRound(value, digits, out value));
        },
        Emit = (call, sql) =>
        {
            var (operand, unit) = (sql.EmitDecimal(call.Arguments[0]), DecimalMath.UnitOf(Digits(call)));
            return ArithmeticSql.Narrow(sql, $"({ArithmeticSql.DivideHalfEven($"toInt256({operand.Value})", $"toInt256({unit})")} * {unit})", operand.Present);
        },
    };

    private static int Digits(Expr.Call round) => round.Arguments.Count == 1 ? 0 : (int)((Expr.Constant)round.Arguments[1]).Value.Number;

    private delegate bool Whole(Int128 value, out long whole);

    private static Function Floor => field ??= ToWhole("floor", "The largest whole number not above it", DecimalMath.TryFloor, (n, unit) => $"(intDiv({n}, {unit}) - ({n} % {unit} < 0))");

    private static Function Ceil => field ??= ToWhole("ceil", "The smallest whole number not below it", DecimalMath.TryCeiling, (n, unit) => $"(intDiv({n}, {unit}) + ({n} % {unit} > 0))");

    private static Function ToWhole(string name, string doc, Whole convert, Func<string, string, string> emit) => new(name, $"{name}(number) → int64",
        $"{doc}; null if int64 does not hold it.")
    {
        Check = c => c.HasCount(1, 1) && c.Is(0, ScalarType.Int64, ScalarType.Decimal) ? new ResultType(ScalarType.Int64, false) : null,
        Compile = call =>
        {
            var operand = Arg(call, 0).Decimal;
            return new Node(ScalarType.Int64, (in f, out value) =>
            {
                value = 0;
                return operand(f, out var scaled) && convert(scaled, out value);
            });
        },
        Emit = (call, sql) =>
        {
            var operand = sql.EmitDecimal(call.Arguments[0]);
            var whole = sql.Let(emit(operand.Value, "toInt128(1000000)"));
            return Sql.Scalar($"toInt64({whole})", Sql.And(operand.Present, ArithmeticSql.FitsLong(whole)));
        },
    };
}
