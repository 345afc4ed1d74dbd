using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Lambda.Domain.Events;

namespace Lambda.Domain.Tests.Events;

/// <summary>A value for every field and section of a record, as a test wants to compare it.</summary>
public sealed record SampleEvent(
    EventType Type, string CustomerId, string EventId, long OccurredAtMicros,
    IReadOnlyList<(Field Field, Int128 Number, string Text)> Values,
    IReadOnlyList<(string Name, ExtraKind Kind, string Text)> Extras)
{
    public byte[] Encode(RecordWriter writer)
    {
        writer.Begin(Type, Encoding.UTF8.GetBytes(CustomerId), Encoding.UTF8.GetBytes(EventId), OccurredAtMicros);
        foreach (var (field, number, text) in Values)
        {
            if (field.Type == ScalarType.Text) writer.SetText(field, Encoding.UTF8.GetBytes(text));
            else if (field.Type == ScalarType.Decimal) writer.SetDecimal(field, number);
            else writer.SetNumber(field, (long)number);
        }
        foreach (var (name, kind, text) in Extras) writer.AddExtra(Encoding.UTF8.GetBytes(name), kind, Encoding.UTF8.GetBytes(text));
        return writer.Finish().ToArray();
    }
}

/// <summary>Random events of every type: any field of the catalog, any value of its storage type, in its range or not.</summary>
public static class RandomEvents
{
    private static Gen<string> TextUpTo(int maxChars) =>
        from length in Gen.Choose(0, maxChars)
        from chars in Gen.Elements("abcXYZ019 _-\"\\/{}äß€😀\n\u0001".EnumerateRunes().Select(r => r.ToString()).ToArray()).ListOf(length)
        select string.Concat(chars);

    private static Gen<Int128> Number(Field field) => field.Type switch
    {
        ScalarType.Bool => Gen.Choose(0, 1).Select(i => (Int128)i),
        ScalarType.Day => Gen.Choose(Instants.MinDay, Instants.MaxDay).Select(i => (Int128)i),
        ScalarType.Decimal => Gen.OneOf(
            Gen.Choose(-180_000_000, 180_000_000).Select(i => (Int128)i),
            Gen.Elements(Int128.MaxValue / 10, -Int128.MaxValue / 10, 0, 1, -1, (Int128)long.MaxValue * 4)),
        _ => Gen.OneOf(Gen.Choose(-1000, 1000).Select(i => (Int128)i), Gen.Elements<Int128>(long.MaxValue, long.MinValue, 0, 127, 128, -64, -65)),
    };

    private static Gen<(Field, Int128, string)> Value(Field field) =>
        from number in field.Type == ScalarType.Text ? Gen.Constant((Int128)0) : Number(field)
        from text in field.Type == ScalarType.Text ? TextUpTo(40) : Gen.Constant("")
        select (field, number, text);

    private static readonly Gen<(string, ExtraKind, string)> Extra =
        from name in TextUpTo(12)
        from kind in Gen.Elements(ExtraKind.Number, ExtraKind.Text, ExtraKind.True, ExtraKind.False)
        from text in TextUpTo(20)
        select (name, kind, kind switch { ExtraKind.Text => text, ExtraKind.Number => "-1.50e3", _ => "" });

    public static readonly Gen<SampleEvent> Events =
        from type in Gen.Elements(EventCatalog.Types.ToArray())
        from customer in TextUpTo(20)
        from id in TextUpTo(20)
        from at in Gen.OneOf(Gen.Choose(-2_000_000_000, 2_000_000_000).Select(s => s * 1_000_000L + 123_456), Gen.Elements(0L, -1L, 1_700_000_000_000_000L))
        from fields in Gen.SubListOf(EventCatalog.Fields.ToArray())
        from values in Gen.CollectToList(fields.Distinct(), Value)
        from extras in Extra.ListOf().Select(l => l.DistinctBy(e => e.Item1).Take(5).ToList())
        select new SampleEvent(type, customer, id, at, [.. values], extras);

    public static Arbitrary<SampleEvent> Arbitrary() => Arb.From(Events);
}
