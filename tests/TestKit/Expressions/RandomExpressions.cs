using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.TestKit.Expressions;

/// <summary>Random well-typed expressions over given leaves, from a seed. Every operator and function of the language occurs.</summary>
/// <param name="leaves">Fields, or scalar outputs and `today`.</param>
/// <param name="maps">Keyed outputs; empty for event expressions.</param>
/// <param name="nulls">Whether the literal null occurs; as text it has no type of its own.</param>
public sealed class RandomExpressions(Random random, IReadOnlyList<Expr> leaves, IReadOnlyList<Expr.Output> maps, bool nulls = true)
{
    private static readonly ScalarType[] AllTypes = Enum.GetValues<ScalarType>();

    public Expr Any(int depth) => Of(AllTypes[random.Next(AllTypes.Length)], depth);

    public Expr Of(ScalarType type, int depth)
    {
        if (depth <= 0 || random.Next(8) == 0) return Leaf(type);
        if (random.Next(6) == 0) return Choice(type, depth - 1);
        return type switch
        {
            ScalarType.Bool => Bool(depth - 1),
            ScalarType.Int64 => Int64(depth - 1),
            ScalarType.Decimal => Decimal(depth - 1),
            ScalarType.Text => Text(depth - 1),
            ScalarType.Day => random.Next(2) == 0 ? Call("day", ScalarType.Day, Of(ScalarType.Instant, depth - 1)) : Extreme(type, depth - 1),
            _ => Extreme(type, depth - 1),
        };
    }

    private Expr Leaf(ScalarType type)
    {
        var fitting = leaves.Where(l => l.Type == new ResultType(type, false)).ToList();
        if (fitting.Count > 0 && random.Next(3) > 0) return fitting[random.Next(fitting.Count)];
        var keyed = maps.Where(m => m.OutputType.Scalar == type).ToList();
        return keyed.Count > 0 && random.Next(2) == 0 ? MapValue(keyed[random.Next(keyed.Count)]) : new Expr.Constant(Literal(type, nulls));
    }

    /// <summary>A value that the language can write down: days and instants of the years 1900 to 2299.</summary>
    private Value Literal(ScalarType type, bool nullable)
    {
        var value = RandomValues.Of(type, random, nullable);
        var day = type == ScalarType.Day ? value.Number : type == ScalarType.Instant ? Clock.DayOf((long)value.Number) : 0;
        return day >= DeclaredForms.FirstDay && day <= DeclaredForms.LastDay ? value : Literal(type, nullable);
    }

    private Expr MapValue(Expr.Output map) => new Expr.Call(Functions.KeyAccess,
        [map, new Expr.Constant(Value.Text(map.Keys![random.Next(map.Keys.Count)]))], new ResultType(map.OutputType.Scalar, false));

    private Expr Bool(int depth)
    {
        switch (random.Next(9))
        {
            case 0:
            case 1:
                return new Expr.Binary(random.Next(2) == 0 ? BinaryOperator.And : BinaryOperator.Or, Of(ScalarType.Bool, depth), Of(ScalarType.Bool, depth), new(ScalarType.Bool, false));
            case 2:
                return new Expr.Unary(UnaryOperator.Not, Of(ScalarType.Bool, depth), new(ScalarType.Bool, false));
            case 3:
                return new Expr.IsNull(Any(depth), random.Next(2) == 0);
            case 4:
                var name = Pick("starts_with", "ends_with", "contains");
                return Call(name, ScalarType.Bool, Of(ScalarType.Text, depth), Of(ScalarType.Text, depth));
            case 5:
                return In(depth);
            default:
                return Comparison(depth);
        }
    }

    private Expr In(int depth)
    {
        var type = AllTypes.Where(t => t != ScalarType.Bool).ElementAt(random.Next(AllTypes.Length - 1));
        var values = Enumerable.Range(0, 1 + random.Next(4)).Select(_ => Literal(type, nullable: false)).ToList();
        var operand = type == ScalarType.Decimal && random.Next(2) == 0 ? ScalarType.Int64 : type;
        return new Expr.In(Of(operand, depth), values, random.Next(2) == 0);
    }

    private Expr Comparison(int depth)
    {
        var type = AllTypes[random.Next(AllTypes.Length)];
        var least = type == ScalarType.Bool ? BinaryOperator.NotEqual : BinaryOperator.GreaterOrEqual;
        var comparison = (BinaryOperator)random.Next((int)BinaryOperator.Equal, (int)least + 1);
        return new Expr.Binary(comparison, NumberOr(type, depth), NumberOr(type, depth), new(ScalarType.Bool, false));
    }

    /// <summary>Of the type; for decimal also an int64, which is promoted.</summary>
    private Expr NumberOr(ScalarType type, int depth) => Of(type == ScalarType.Decimal && random.Next(3) == 0 ? ScalarType.Int64 : type, depth);

    private Expr Int64(int depth)
    {
        switch (random.Next(9))
        {
            case 0:
                return new Expr.Unary(UnaryOperator.Negate, Of(ScalarType.Int64, depth), new(ScalarType.Int64, false));
            case 1:
                return Call("days_between", ScalarType.Int64, Of(ScalarType.Day, depth), Of(ScalarType.Day, depth));
            case 2:
                return Call(Pick("weekday", "day_of_month", "month", "year"), ScalarType.Int64, Of(ScalarType.Day, depth));
            case 3:
                return Call("hour", ScalarType.Int64, Of(ScalarType.Instant, depth));
            case 4:
                return Call("length", ScalarType.Int64, Of(ScalarType.Text, depth));
            case 5:
                return Call(Pick("floor", "ceil"), ScalarType.Int64, NumberOr(ScalarType.Decimal, depth));
            case 6:
                return MapTotal(ScalarType.Int64) ?? Call("abs", ScalarType.Int64, Of(ScalarType.Int64, depth));
            case 7:
                return Extreme(ScalarType.Int64, depth);
            default:
                return Arithmetic(ScalarType.Int64, Of(ScalarType.Int64, depth), Of(ScalarType.Int64, depth), BinaryOperator.Multiply);
        }
    }

    private Expr Decimal(int depth)
    {
        switch (random.Next(7))
        {
            case 0:
                return new Expr.Unary(UnaryOperator.Negate, Of(ScalarType.Decimal, depth), new(ScalarType.Decimal, false));
            case 1:
                return MapTotal(ScalarType.Decimal) ?? Call("abs", ScalarType.Decimal, Of(ScalarType.Decimal, depth));
            case 2:
                return random.Next(3) == 0
                    ? Call("round", ScalarType.Decimal, NumberOr(ScalarType.Decimal, depth))
                    : Call("round", ScalarType.Decimal, NumberOr(ScalarType.Decimal, depth), new Expr.Constant(Value.Int(random.Next(7))));
            case 3:
                return Extreme(ScalarType.Decimal, depth);
            case 4:
                var whole = random.Next(2) == 0 ? ScalarType.Int64 : ScalarType.Decimal;
                return new Expr.Binary(BinaryOperator.Divide, Of(whole, depth), NumberOr(whole, depth), new(ScalarType.Decimal, false));
            default:
                return Arithmetic(ScalarType.Decimal, Of(ScalarType.Decimal, depth), NumberOr(ScalarType.Decimal, depth), BinaryOperator.Divide);
        }
    }

    private Expr Text(int depth)
    {
        var countable = maps.Where(m => m.OutputType.Scalar is ScalarType.Int64 or ScalarType.Decimal).ToList();
        if (countable.Count > 0 && random.Next(3) == 0) return Call("top_key", ScalarType.Text, countable[random.Next(countable.Count)]);
        return random.Next(3) == 0 ? Extreme(ScalarType.Text, depth) : Call(Pick("lower", "upper"), ScalarType.Text, Of(ScalarType.Text, depth));
    }

    private Expr? MapTotal(ScalarType type)
    {
        var fitting = maps.Where(m => m.OutputType.Scalar == type).ToList();
        return fitting.Count > 0 && random.Next(2) == 0 ? Call("total", type, fitting[random.Next(fitting.Count)]) : null;
    }

    private Expr Arithmetic(ScalarType result, Expr left, Expr right, BinaryOperator last) =>
        new Expr.Binary((BinaryOperator)random.Next((int)BinaryOperator.Add, (int)last + 1), left, right, new(result, false));

    private Expr Choice(ScalarType type, int depth) => random.Next(2) == 0
        ? Call("coalesce", type, Alternatives(type, depth))
        : Call("if", type, [Of(ScalarType.Bool, depth), .. Alternatives(type, depth)[..2]]);

    private Expr Extreme(ScalarType type, int depth) => Call(Pick("least", "greatest"), type, Alternatives(type, depth));

    /// <summary>Two or three; where the type is decimal one of them may be an int64, but the first is not.</summary>
    private Expr[] Alternatives(ScalarType type, int depth)
    {
        Expr[] alternatives = [Of(type, depth), NumberOr(type, depth), Of(type, depth)];
        return alternatives[..(2 + random.Next(2))];
    }

    private string Pick(params string[] names) => names[random.Next(names.Length)];

    private static Expr.Call Call(string function, ScalarType result, params Expr[] arguments) => new(Functions.Named(function)!, arguments, new(result, false));
}
