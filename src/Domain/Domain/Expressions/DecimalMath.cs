using System.Numerics;

namespace Lambda.Domain.Expressions;

/// <summary>
/// Arithmetic on decimal(38,6) held as value × 10^6. False where the result leaves 38 digits. Halves round to even.
/// Int128 where the product fits it, BigInteger elsewhere.
/// </summary>
public static class DecimalMath
{
    public const int Scale = 6;
    public const long One = 1_000_000;

    /// <summary>10^38: magnitudes below it are decimals.</summary>
    public static readonly Int128 Limit = Int128.Parse("100000000000000000000000000000000000000");

    private static readonly Int128 FastMax = Int128.MaxValue / One;

    public static bool Fits(Int128 scaled) => scaled < Limit && scaled > -Limit;

    public static bool TryAdd(Int128 a, Int128 b, out Int128 sum)
    {
        sum = unchecked(a + b); // the sign test finds a wrap: 2·10^38 is more than an Int128 holds
        return ((a ^ sum) & (b ^ sum)) >= 0 && Fits(sum);
    }

    public static bool TrySubtract(Int128 a, Int128 b, out Int128 difference) => TryAdd(a, -b, out difference);

    public static bool TryMultiply(Int128 a, Int128 b, out Int128 product)
    {
        if (IsLong(a) && IsLong(b))
        {
            product = DivideHalfEven(a * b, One);
            return true;
        }
        return TryNarrow(DivideHalfEven((BigInteger)a * b, One), out product);
    }

    /// <summary>False by zero too.</summary>
    public static bool TryDivide(Int128 a, Int128 b, out Int128 quotient)
    {
        quotient = 0;
        if (b == 0) return false;
        if (a <= FastMax && a >= -FastMax)
        {
            quotient = DivideHalfEven(a * One, b);
            return Fits(quotient);
        }
        return TryNarrow(DivideHalfEven((BigInteger)a * One, b), out quotient);
    }

    /// <summary>Rounds to 0..6 digits behind the point.</summary>
    public static bool TryRound(Int128 value, int digits, out Int128 rounded)
    {
        var unit = UnitOf(digits);
        rounded = DivideHalfEven(value, unit);
        return TryMultiplyExact(rounded, unit, out rounded);
    }

    /// <summary>The largest whole number ≤ value, if int64 holds it.</summary>
    public static bool TryFloor(Int128 value, out long floor)
    {
        var whole = value / One;
        if (value % One < 0) whole--;
        floor = (long)whole;
        return IsLong(whole);
    }

    /// <summary>The smallest whole number ≥ value, if int64 holds it.</summary>
    public static bool TryCeiling(Int128 value, out long ceiling)
    {
        var whole = value / One;
        if (value % One > 0) whole++;
        ceiling = (long)whole;
        return IsLong(whole);
    }

    /// <summary>10^(6 − digits): what a rounded value is a multiple of.</summary>
    public static long UnitOf(int digits)
    {
        var unit = One;
        for (var i = 0; i < digits; i++) unit /= 10;
        return unit;
    }

    private static bool IsLong(Int128 value) => value >= long.MinValue && value <= long.MaxValue;

    private static bool TryMultiplyExact(Int128 a, long unit, out Int128 product)
    {
        product = unchecked(a * unit); // |a| is at most 10^38 / unit: no wrap
        return Fits(product);
    }

    private static Int128 DivideHalfEven(Int128 n, Int128 d)
    {
        var (quotient, remainder) = Int128.DivRem(n, d);
        if (remainder == 0) return quotient;
        var rest = Int128.Abs(d) - Int128.Abs(remainder); // compares 2|r| with |d| without doubling, which may wrap
        var half = Int128.Abs(remainder).CompareTo(rest);
        if (half < 0 || (half == 0 && Int128.IsEvenInteger(quotient))) return quotient;
        return n < 0 == d < 0 ? quotient + 1 : quotient - 1;
    }

    private static BigInteger DivideHalfEven(BigInteger n, BigInteger d)
    {
        var quotient = BigInteger.DivRem(n, d, out var remainder);
        var half = (BigInteger.Abs(remainder) * 2).CompareTo(BigInteger.Abs(d));
        if (half < 0 || (half == 0 && quotient.IsEven)) return quotient;
        return n.Sign < 0 == d.Sign < 0 ? quotient + 1 : quotient - 1;
    }

    private static bool TryNarrow(BigInteger value, out Int128 narrow)
    {
        var fits = BigInteger.Abs(value) < (BigInteger)Limit;
        narrow = fits ? (Int128)value : 0;
        return fits;
    }
}
