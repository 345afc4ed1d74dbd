namespace Lambda.Domain.Events;

/// <summary>
/// Where things stand in a log record. A storage format: change it only with a new <see cref="FormatVersion"/>.
/// <code>
/// event    0 kind=1 · 1 version · 2 type code · 3 customer id length · 4 event id length · 5..7 zero
///          8 occurred_at micros i64 · 16 content hash u64 · 24 presence mask u64 · 32 extras length u32 · 36 body length u32
///          40 customer id · event id · field values by ordinal · extras · body (JSON), and nothing behind it
/// value    int64, day, instant: zigzag varint; bool: 0 or 1; decimal: zigzag varint of value × 10^6 (up to 19 bytes); text: varint length, UTF-8
/// extra    varint length, name · ExtraKind · varint length, text (empty for true and false)
/// barrier  0 kind=2 · 1 version · 2 epoch i64 · varint length, run · varint length, definition hash
/// erasure  0 kind=3 · 1 version · 2 zero · 3 customer id length · 4..7 zero · 8 request id (16 bytes, big-endian UUID) · 24..39 zero · 40 customer id
/// void     0 kind=4 · 1 version, and nothing behind it: what stood here was physically removed
/// </code>
/// Numbers are little-endian. Decoding asks for shape only: a record outlives the validation rules it was accepted under.
/// </summary>
internal static class RecordLayout
{
    internal const byte FormatVersion = 1;

    internal const int Kind = 0, VersionAt = 1, TypeCodeAt = 2, CustomerIdLength = 3, EventIdLength = 4, Reserved = 5;
    internal const int OccurredAt = 8, ContentHash = 16, Presence = 24, ExtrasLength = 32, BodyLength = 36;
    internal const int EventHeader = 40;

    internal const int BarrierEpoch = 2, BarrierHeader = 10;

    internal const int RequestId = 8, VoidHeader = 2;

    internal const int MaxDecimalBytes = 19; // 128 bits, seven a byte

    /// <summary>Bit i set: ordinal i is a field of the catalog.</summary>
    internal static readonly ulong KnownFields = EventCatalog.Fields.Count == 64 ? ulong.MaxValue : (1UL << EventCatalog.Fields.Count) - 1;

    /// <summary>Storage type by ordinal.</summary>
    internal static readonly ScalarType[] Shapes = [.. EventCatalog.Fields.Select(f => f.Type)];

    internal static InvalidDataException Corrupt(int at, string what) => new($"log record, byte {at}: {what}");

    internal static ulong ZigZag(long value) => (ulong)(value << 1 ^ value >> 63);

    internal static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    internal static UInt128 ZigZag(Int128 value) => (UInt128)(value << 1 ^ value >> 127);

    internal static Int128 UnZigZag(UInt128 value) => (Int128)(value >> 1) ^ -(Int128)(value & 1);
}
