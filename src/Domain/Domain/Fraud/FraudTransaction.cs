using System.Text;
using Lambda.Domain.Bytes;
using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud;

/// <summary>What fraud features read of a transaction.</summary>
/// <param name="Seconds">Since 1970, UTC.</param>
/// <param name="AmountMinor">Minor units, not negative.</param>
/// <param name="Place">Hash of the terminal, or of the merchant where none is named; 0 for none. So are country, device and channel.</param>
public readonly record struct FraudTransaction(
    long Seconds, long AmountMinor, ulong Place, ulong Country = 0, ulong Device = 0, ulong Channel = 0, bool IsDeclined = false)
{
    private const long MicrosPerSecond = 1_000_000;

    public int Day => (int)FloorDiv(Seconds, FraudLimits.SecondsPerDay);

    public int Hour => HourOf(Seconds);

    public static int HourOf(long seconds) => (int)FloorDiv(seconds, FraudLimits.SecondsPerHour);

    /// <summary>The amount that is computed with.</summary>
    public long BoundedMinor => Math.Clamp(AmountMinor, 0, FraudLimits.AmountMinorMax);

    /// <param name="row">A transaction; amounts are those of billing.</param>
    public static FraudTransaction Of(EventRow row) => new(
        FloorDiv(row.OccurredAtMicros, MicrosPerSecond), row.Number(EventCatalog.BillingAmountMinor.Ordinal),
        row.Has(EventCatalog.TerminalId.Ordinal) ? HashOf(row, EventCatalog.TerminalId) : HashOf(row, EventCatalog.MerchantId),
        HashOf(row, EventCatalog.Country), HashOf(row, EventCatalog.DeviceId), HashOf(row, EventCatalog.Channel), row.Text(EventCatalog.Status.Ordinal).SequenceEqual("declined"u8));

    /// <summary>Never 0 for a name, 0 for none.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> name) => name.IsEmpty ? 0 : Math.Max(1, XxHash64.Hash(name));

    public static ulong HashOf(string name) => HashOf(Encoding.UTF8.GetBytes(name));

    private static ulong HashOf(EventRow row, Field field) => row.Has(field.Ordinal) ? HashOf(row.Text(field.Ordinal)) : 0;

    private static long FloorDiv(long n, long by) => (n / by) - (n % by < 0 ? 1 : 0);
}
