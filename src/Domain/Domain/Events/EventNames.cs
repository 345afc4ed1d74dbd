using System.Runtime.InteropServices;
using System.Text;

namespace Lambda.Domain.Events;

/// <summary>
/// Names of an event's top-level keys, by their UTF-8 bytes. A key's slot is the field's ordinal, or one behind <see cref="EventCatalog.MaxFields"/>
/// for what is no column.
/// </summary>
internal static class EventNames
{
    internal const int EventId = EventCatalog.MaxFields, CustomerId = EventId + 1, Type = EventId + 2, OccurredAt = EventId + 3;

    /// <summary>Decimal amounts in major units: another spelling of amount_minor and billing_amount_minor.</summary>
    internal const int Amount = EventId + 4, BillingAmount = EventId + 5;

    internal const int Slots = EventId + 6;
    internal const int Unknown = -1;

    private static readonly string[] Names = [.. EventCatalog.Fields.Select(f => f.Name), .. Enumerable.Repeat("", EventId - EventCatalog.Fields.Count),
        "event_id", "customer_id", "type", "occurred_at", "amount", "billing_amount"];

    private const int TableSize = 256; // a power of two, sparse enough for short probes
    private static readonly (byte[] Name, int Slot)[] Table = BuildTable();
    private static readonly byte[][] TypeNames = [.. EventCatalog.Types.Select(t => Encoding.UTF8.GetBytes(t.Name))];

    internal static string NameOf(int slot) => Names[slot];

    /// <returns>The slot, or <see cref="Unknown"/>.</returns>
    internal static int SlotOf(ReadOnlySpan<byte> name)
    {
        for (var at = HashOf(name); Table[at].Name is { } candidate; at = (at + 1) % TableSize)
            if (name.SequenceEqual(candidate)) return Table[at].Slot;
        return Unknown;
    }

    internal static EventType? TypeNamed(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < TypeNames.Length; i++)
            if (name.SequenceEqual(TypeNames[i])) return EventCatalog.Types[i];
        return null;
    }

    private static int HashOf(ReadOnlySpan<byte> name)
    {
        if (name.Length < 4) return name.Length == 0 ? 0 : (name[0] * 31 + name[^1] * 7 + name.Length) % TableSize;
        var h = MemoryMarshal.Read<uint>(name) * 0x9E3779B1u ^ MemoryMarshal.Read<uint>(name[^4..]) * 0x85EBCA77u ^ (uint)name.Length * 0xC2B2AE3Du;
        return (int)((h ^ h >> 15) * 0x27D4EB2Fu >> 24);
    }

    private static (byte[], int)[] BuildTable()
    {
        var table = new (byte[] Name, int Slot)[TableSize];
        for (var slot = 0; slot < Names.Length; slot++)
        {
            if (Names[slot].Length == 0) continue;
            var name = Encoding.UTF8.GetBytes(Names[slot]);
            var at = HashOf(name);
            while (table[at].Name is not null) at = (at + 1) % TableSize;
            table[at] = (name, slot);
        }
        return table;
    }
}
