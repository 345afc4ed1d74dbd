namespace Lambda.Domain.Views;

/// <summary>
/// A 192-bit signed number, high × 2^64 + low: what sums are kept in. 2^63 addends of 128 bits fit, so no order of additions can
/// overflow, and a sum that passes int64 on its way may come back.
/// </summary>
internal readonly struct WideSum(Int128 high, ulong low) : IEquatable<WideSum>
{
    public const int Bytes = 24;

    public readonly Int128 High = high;
    public readonly ulong Low = low;

    public static implicit operator WideSum(Int128 value) => new(value >> 64, (ulong)value);

    public static WideSum operator +(WideSum a, WideSum b)
    {
        var low = a.Low + b.Low;
        return new WideSum(a.High + b.High + (low < a.Low ? Int128.One : Int128.Zero), low);
    }

    public bool FitsInt64 => High == (Int128)((long)Low >> 63);

    public bool FitsInt128 => High >= long.MinValue && High <= long.MaxValue;

    /// <summary>Meaningful only when <see cref="FitsInt64"/>.</summary>
    public long ToInt64 => (long)Low;

    /// <summary>Meaningful only when <see cref="FitsInt128"/>.</summary>
    public Int128 ToInt128 => High << 64 | Low;

    public bool Equals(WideSum other) => Low == other.Low && High == other.High;

    public override bool Equals(object? obj) => obj is WideSum other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(High, Low);
}
