using System.Numerics;
using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

public static partial class Functions
{
    private static Function Key => field ??= new("[…]", "map['key'] → the map's value type", "The value under a key of the map; null where the customer has none.")
    {
        Check = CheckKey,
        Compile = call =>
        {
            var (index, key) = (MapOf(call).Index, KeyIndex(call));
            return call.Type.Scalar switch
            {
                ScalarType.Decimal => new Node((in f, out value) => { ref readonly var v = ref f.Maps[index]![key]; value = v.Number; return !v.IsNull; }),
                ScalarType.Text => Node.OfText((in f, out value) => { ref readonly var v = ref f.Maps[index]![key]; value = v.Utf8Memory; return !v.IsNull; }),
                ScalarType.Bool => new Node((in f) => { ref readonly var v = ref f.Maps[index]![key]; return v.IsNull ? Truth.Null : v.IsTrue ? Truth.True : Truth.False; }),
                var type => new Node(type, (in f, out value) => { ref readonly var v = ref f.Maps[index]![key]; value = (long)v.Number; return !v.IsNull; }),
            };
        },
        Emit = (call, sql) =>
        {
            var (map, key) = (sql.Emit(MapOf(call)).Value, Sql.Text(((Expr.Constant)call.Arguments[1]).Value.Utf8));
            var (value, present) = ($"{map}[{key}]", $"mapContains({map}, {key})");
            return call.Type.Scalar == ScalarType.Bool ? Sql.Test($"({value} = 1)", present) : Sql.Scalar(value, present);
        },
    };

    private static Function TopKey => field ??= new("top_key", "top_key(map of numbers) → text",
        "The key with the largest value, (other) included; of equal ones the first in the vocabulary; null for an empty map.")
    {
        Check = c => IsMapOfNumbers(c) ? new ResultType(ScalarType.Text, false) : null,
        Compile = call =>
        {
            var index = MapOf(call).Index;
            var keys = MapOf(call).Keys!.Select(k => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(k)).ToArray();
            return Node.OfText((in f, out value) =>
            {
                var top = IndexOfLargest(f.Maps[index]!);
                value = top < 0 ? default : keys[top];
                return top >= 0;
            });
        },
        Emit = (call, sql) =>
        {
            var map = sql.Emit(MapOf(call)).Value;
            var keys = string.Join(", ", MapOf(call).Keys!.Select(Sql.Text));
            return Sql.Scalar($"arrayFirst(k -> mapContains({map}, k) AND {map}[k] = arrayMax(mapValues({map})), [{keys}])", $"notEmpty({map})");
        },
    };

    private static Function Total => field ??= new("total", "total(map of numbers) → the map's value type", "Sum of the map's values; 0 for an empty map; null if it does not fit.")
    {
        Check = c => IsMapOfNumbers(c) ? new ResultType(c[0].Type.Scalar, false) : null,
        Compile = call =>
        {
            var index = MapOf(call).Index;
            if (call.Type.Scalar == ScalarType.Decimal) return new Node((in f, out value) => TryTotal(f.Maps[index]!, out value));
            return new Node(ScalarType.Int64, (in f, out value) =>
            {
                TryTotal(f.Maps[index]!, out var wide); // a vocabulary of int64 values cannot leave Int128
                value = (long)wide;
                return wide == value;
            });
        },
        Emit = (call, sql) =>
        {
            var total = $"arraySum(v -> toInt256(v), mapValues({sql.Emit(MapOf(call)).Value}))";
            if (call.Type.Scalar == ScalarType.Decimal) return ArithmeticSql.Narrow(sql, total, Sql.Always);
            total = sql.Let(total);
            return Sql.Scalar($"toInt64({total})", ArithmeticSql.FitsLong(total));
        },
    };

    private static ResultType? CheckKey(CallCheck call)
    {
        if (call[0] is not Expr.Output { OutputType.ByKey: true, Keys: { } keys } map)
            return call.Fail(0, $"`[…]` reads a map, found {call[0].Type.Words()}");
        if (call[1] is not Expr.Constant { Value: { IsNull: false, Type: ScalarType.Text } key })
            return call.Fail(1, "expected a key in quotes");
        if (keys.Contains(key.ToString())) return new ResultType(map.OutputType.Scalar, false);
        return call.Fail(1, $"`{map.Name}` has no key '{key}'{Suggestion.For(key.ToString(), keys)}; its keys are {string.Join(", ", keys)}");
    }

    private static bool IsMapOfNumbers(CallCheck call)
    {
        if (!call.HasCount(1, 1)) return false;
        if (call.Arguments[0].Expression is Expr.Output { OutputType: { ByKey: true, Scalar: ScalarType.Int64 or ScalarType.Decimal } }) return true;
        call.Fail(0, $"expected a map of numbers (a metric with `by`), found {call.Arguments[0].Expression?.Type.Words() ?? "null"}");
        return false;
    }

    private static Expr.Output MapOf(Expr.Call call) => (Expr.Output)call.Arguments[0];

    private static int KeyIndex(Expr.Call call)
    {
        var key = ((Expr.Constant)call.Arguments[1]).Value.ToString();
        return MapOf(call).Keys!.Index().First(k => k.Item == key).Index;
    }

    private static int IndexOfLargest(Value[] values)
    {
        var top = -1;
        for (var i = 0; i < values.Length; i++)
            if (!values[i].IsNull && (top < 0 || values[i].Number > values[top].Number)) top = i;
        return top;
    }

    // Parts of a sum may leave 38 digits though the sum fits: then it is summed again without bounds, as SQL does in Int256.
    private static bool TryTotal(Value[] values, out Int128 total)
    {
        total = 0;
        var fits = true;
        foreach (var value in values)
            if (!value.IsNull) fits &= DecimalMath.TryAdd(total, value.Number, out total);
        if (fits) return true;
        var wide = values.Where(v => !v.IsNull).Aggregate(BigInteger.Zero, (sum, v) => sum + v.Number);
        fits = BigInteger.Abs(wide) < DecimalMath.Limit;
        total = fits ? (Int128)wide : 0;
        return fits;
    }
}
