using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>=, &lt;&gt;, &lt;, &lt;=, &gt;, &gt;= and `in`. Null on either side is null. Text compares by bytes.</summary>
internal static class Comparison
{
    public static Node Compile(Expr.Binary comparison)
    {
        var outcomes = Outcomes(comparison.Operator);
        if (TextFieldWithConstant(comparison) is { } fast) return FieldWithConstant(fast.Field, fast.Constant, comparison.Operator);
        var (left, right) = (Evaluators.Compile(comparison.Left), Evaluators.Compile(comparison.Right));
        if (left.Type == ScalarType.Decimal || right.Type == ScalarType.Decimal) return Decimals(left.Decimal, right.Decimal, outcomes);
        return left.Type switch
        {
            ScalarType.Text => Texts(left.Text, right.Text, outcomes),
            ScalarType.Bool => Bools(left.Bool, right.Bool, outcomes),
            _ => Longs(left.Long, right.Long, outcomes),
        };
    }

    /// <summary>Which of less, equal, greater make the comparison true: bits 0, 1, 2.</summary>
    private static int Outcomes(BinaryOperator comparison) => comparison switch
    {
        BinaryOperator.Equal => 0b010,
        BinaryOperator.NotEqual => 0b101,
        BinaryOperator.Less => 0b001,
        BinaryOperator.LessOrEqual => 0b011,
        BinaryOperator.Greater => 0b100,
        BinaryOperator.GreaterOrEqual => 0b110,
        _ => throw new InvalidOperationException($"{comparison} is no comparison"),
    };

    private static Truth Test(int outcomes, int order) => (Truth)(outcomes >> (Math.Sign(order) + 1) & 1);

    private static Node Longs(LongFn left, LongFn right, int outcomes) => new((in f) =>
        left(f, out var a) && right(f, out var b) ? Test(outcomes, a.CompareTo(b)) : Truth.Null);

    private static Node Decimals(DecimalFn left, DecimalFn right, int outcomes) => new((in f) =>
        left(f, out var a) && right(f, out var b) ? Test(outcomes, a.CompareTo(b)) : Truth.Null);

    private static Node Texts(TextFn left, TextFn right, int outcomes) => new((in f) =>
        left(f, out var a) && right(f, out var b) ? Test(outcomes, a.Span.SequenceCompareTo(b.Span)) : Truth.Null);

    private static Node Bools(BoolFn left, BoolFn right, int outcomes) => new((in f) =>
    {
        var (a, b) = (left(f), right(f));
        return a == Truth.Null || b == Truth.Null ? Truth.Null : Test(outcomes, a.CompareTo(b));
    });

    // `status = 'approved'` is most of what folds evaluate: it compares the record's bytes in place.
    private static (Field Field, Value Constant)? TextFieldWithConstant(Expr.Binary comparison) =>
        comparison is { Operator: BinaryOperator.Equal or BinaryOperator.NotEqual, Left: Expr.EventField { Field: FieldRef.Catalogued { Field: { Type: ScalarType.Text } field } }, Right: Expr.Constant { Value: { IsNull: false } constant } }
            ? (field, constant) : null;

    private static Node FieldWithConstant(Field field, Value constant, BinaryOperator comparison)
    {
        var (ordinal, text) = (field.Ordinal, constant.Utf8.ToArray());
        var (same, other) = comparison == BinaryOperator.Equal ? (Truth.True, Truth.False) : (Truth.False, Truth.True);
        return new Node((in f) => !f.Row.Has(ordinal) ? Truth.Null : f.Row.Text(ordinal).SequenceEqual(text) ? same : other);
    }

    public static Node Compile(Expr.In membership)
    {
        var operand = Evaluators.Compile(membership.Operand);
        var (inside, outside) = membership.Negated ? (Truth.False, Truth.True) : (Truth.True, Truth.False);
        if (operand.Type == ScalarType.Text)
        {
            var texts = membership.Values.Select(v => v.Utf8.ToArray()).ToArray();
            var text = operand.Text;
            return new Node((in f) => !text(f, out var value) ? Truth.Null : ContainsText(texts, value.Span) ? inside : outside);
        }
        var numbers = membership.Values.Select(v => v.Number).ToArray();
        if (operand.Type == ScalarType.Decimal || membership.Values[0].Type == ScalarType.Decimal)
        {
            var scaled = operand.Decimal;
            return new Node((in f) => !scaled(f, out var value) ? Truth.Null : Array.IndexOf(numbers, value) >= 0 ? inside : outside);
        }
        var longs = numbers.Select(n => (long)n).ToArray();
        var number = operand.Long;
        return new Node((in f) => !number(f, out var value) ? Truth.Null : Array.IndexOf(longs, value) >= 0 ? inside : outside);
    }

    private static bool ContainsText(byte[][] texts, ReadOnlySpan<byte> value)
    {
        foreach (var text in texts)
            if (value.SequenceEqual(text)) return true;
        return false;
    }
}
