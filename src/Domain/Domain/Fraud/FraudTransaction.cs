using System.Text;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Fraud;

/// <summary>What fraud features read of a transaction.</summary>
/// <param name="Seconds">Since 1970, UTC.</param>
/// <param name="AmountMinor">Minor units, not negative.</param>
/// <param name="Place">Hash of the terminal, or of the merchant where none is named; 0 for none. So are country, device and channel.</param>
public readonly record struct FraudTransaction(
    long Seconds, long AmountMinor, ulong Place, ulong Country = 0, ulong Device = 0, ulong Channel = 0, bool IsDeclined = false)
{
    public int Day => (int)Math.Floor((double)Seconds / FraudLimits.SecondsPerDay);

    public int Hour => (int)Math.Floor((double)Seconds / FraudLimits.SecondsPerHour);

    /// <summary>The amount that is computed with.</summary>
    public long BoundedMinor => Math.Clamp(AmountMinor, 0, FraudLimits.AmountMinorMax);

    /// <summary>Never 0 for a name, 0 for none.</summary>
    public static ulong HashOf(string? name) => string.IsNullOrEmpty(name) ? 0 : Math.Max(1, XxHash64.Hash(Encoding.UTF8.GetBytes(name)));
}
