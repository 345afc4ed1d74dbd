using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Search;

/// <summary>
/// The page behind a row, as a condition of the language itself: sorted by these keys and then by customer id, a row lies behind another if the first key that
/// differs says so. So it means in SQL what it means here, nulls included.
/// </summary>
internal static class Keyset
{
    private static readonly ResultType Bool = new(ScalarType.Bool, false), Int64 = new(ScalarType.Int64, false);

    /// <summary>Bools have no order in the language: here false comes before true.</summary>
    public static Expr Sortable(Expr value) => value.Type == Bool
        ? new Expr.Call(Functions.Named("if")!, [value, Number(1), new Expr.Call(Functions.Named("if")!, [Not(value), Number(0), new Expr.Constant(Value.Null(ScalarType.Int64))], Int64)], Int64)
        : value;

    /// <param name="values">Of the keys, of the row that the page before ended with.</param>
    public static Expr Behind(IReadOnlyList<SortKey> keys, IReadOnlyList<Value> values, OutputColumn customerId, string customer)
    {
        Expr id = new Expr.Output(customerId.Index, customerId.Name, customerId.Type);
        var behind = Compare(BinaryOperator.Greater, id, Value.Text(customer));
        for (var i = keys.Count - 1; i >= 0; i--) behind = Or(After(keys[i], values[i]), And(Same(keys[i], values[i]), behind));
        return behind;
    }

    public static Expr And(Expr left, Expr right) => new Expr.Binary(BinaryOperator.And, left, right, Bool);

    private static Expr After(SortKey key, Value value)
    {
        var isNull = new Expr.IsNull(key.Value, Negated: false);
        if (value.IsNull) return key.NullsFirst ? new Expr.IsNull(key.Value, Negated: true) : new Expr.Constant(Value.Bool(false));
        var further = Compare(key.Descending ? BinaryOperator.Less : BinaryOperator.Greater, key.Value, value);
        return key.NullsFirst ? further : Or(isNull, further);
    }

    private static Expr Same(SortKey key, Value value) => value.IsNull ? new Expr.IsNull(key.Value, Negated: false) : Compare(BinaryOperator.Equal, key.Value, value);

    private static Expr Compare(BinaryOperator comparison, Expr left, Value right) => new Expr.Binary(comparison, left, new Expr.Constant(right), Bool);

    private static Expr Or(Expr left, Expr right) => new Expr.Binary(BinaryOperator.Or, left, right, Bool);

    private static Expr Not(Expr operand) => new Expr.Unary(UnaryOperator.Not, operand, Bool);

    private static Expr Number(long number) => new Expr.Constant(Value.Int(number));
}
