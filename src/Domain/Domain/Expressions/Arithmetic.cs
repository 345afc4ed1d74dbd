using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>+, −, × and ÷. int64 that overflows is null; a decimal past 38 digits is null; a division is decimal, and null by zero.</summary>
internal static class Arithmetic
{
    private delegate bool LongOperation(long a, long b, out long result);

    private delegate bool DecimalOperation(Int128 a, Int128 b, out Int128 result);

    public static Node Compile(BinaryOperator operation, Node left, Node right)
    {
        if (operation == BinaryOperator.Divide) return Decimals(left.Decimal, right.Decimal, DecimalMath.TryDivide);
        if (left.Type == ScalarType.Int64 && right.Type == ScalarType.Int64)
        {
            return Longs(left.Long, right.Long, operation switch
            {
                BinaryOperator.Add => TryAdd,
                BinaryOperator.Subtract => TrySubtract,
                _ => TryMultiply,
            });
        }
        return Decimals(left.Decimal, right.Decimal, operation switch
        {
            BinaryOperator.Add => DecimalMath.TryAdd,
            BinaryOperator.Subtract => DecimalMath.TrySubtract,
            _ => DecimalMath.TryMultiply,
        });
    }

    private static Node Longs(LongFn left, LongFn right, LongOperation operation) => new(ScalarType.Int64, (in f, out value) =>
    {
        value = 0;
        return left(f, out var a) && right(f, out var b) && operation(a, b, out value);
    });

    private static Node Decimals(DecimalFn left, DecimalFn right, DecimalOperation operation) => new((in f, out value) =>
    {
        value = 0;
        return left(f, out var a) && right(f, out var b) && operation(a, b, out value);
    });

    private static bool TryAdd(long a, long b, out long sum)
    {
        sum = unchecked(a + b);
        return ((a ^ sum) & (b ^ sum)) >= 0;
    }

    private static bool TrySubtract(long a, long b, out long difference)
    {
        difference = unchecked(a - b);
        return ((a ^ b) & (a ^ difference)) >= 0;
    }

    private static bool TryMultiply(long a, long b, out long product)
    {
        var high = Math.BigMul(a, b, out product);
        return high == product >> 63;
    }
}
