using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.TestKit.Expressions;

/// <summary>Random values of a type that sit where implementations differ: bounds, halves, powers of ten, empty and non-ASCII text, days before 1970.</summary>
public static class RandomValues
{
    private static readonly string[] Texts = ["", "a", "A", "ab", "abc", "b", "Zürich", "zürich", "日本", "it's", "back\\slash", "line\nbreak", "tab\t", "\0", "approved", "APPROVED", "😀x", "%_", "a'b''c", "groceries"];

    private static readonly long[] Days = [0, -1, 1, 20_000, 19_782, DeclaredForms.FirstDay, DeclaredForms.FirstDay - 1, DeclaredForms.LastDay, DeclaredForms.LastDay + 1, int.MinValue, int.MaxValue];

    public static Value Of(ScalarType type, Random random, bool nullable = true)
    {
        if (nullable && random.Next(12) == 0) return Value.Null(type);
        return type switch
        {
            ScalarType.Int64 => Value.Int(Long(random)),
            ScalarType.Decimal => Value.DecimalScaled(Decimal(random)),
            ScalarType.Text => Value.Text(Texts[random.Next(Texts.Length)]),
            ScalarType.Bool => Value.Bool(random.Next(2) == 0),
            ScalarType.Day => Value.Day((int)(random.Next(2) == 0 ? Days[random.Next(Days.Length)] : random.Next(-30_000, 125_000))),
            _ => Value.Instant(Instant(random)),
        };
    }

    public static long Long(Random random) => random.Next(6) switch
    {
        0 => long.MaxValue - random.Next(2),
        1 => long.MinValue + random.Next(2),
        2 => random.Next(-3, 4),
        3 => random.NextInt64(-5_000_000, 5_000_000),
        4 => random.NextInt64(-4_000_000_000, 4_000_000_000),
        _ => random.NextInt64(long.MinValue, long.MaxValue),
    };

    /// <summary>× 10^6, within 38 digits.</summary>
    public static Int128 Decimal(Random random)
    {
        var limit = DecimalMath.Limit - 1;
        var sign = random.Next(2) == 0 ? -1 : 1;
        Int128 magnitude = random.Next(7) switch
        {
            0 => limit - random.Next(2),
            1 => random.Next(4),
            2 => 500_000 + random.Next(-1, 2) + random.Next(4) * 1_000_000L, // halves
            3 => random.NextInt64(0, 50_000_000),
            4 => random.NextInt64(),
            5 => (Int128)random.NextInt64() * random.NextInt64() % DecimalMath.Limit,
            _ => Power(random.Next(38)) + random.Next(-1, 2),
        };
        return sign * magnitude;
    }

    public static long Instant(Random random) => random.Next(5) switch
    {
        0 => random.Next(-2, 3),
        1 => Clock.MicrosPerDay * random.Next(-3, 4) + random.Next(-1, 2),
        2 => random.NextInt64(-3_000_000_000_000_000, 3_000_000_000_000_000),
        _ => 1_700_000_000_000_000 + random.NextInt64(100_000_000_000_000),
    };

    private static Int128 Power(int exponent)
    {
        Int128 power = 1;
        for (var i = 0; i < exponent; i++) power *= 10;
        return power;
    }
}
