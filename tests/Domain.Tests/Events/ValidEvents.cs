using FsCheck;
using FsCheck.Fluent;
using Lambda.Domain.Events;

namespace Lambda.Domain.Tests.Events;

/// <summary>Random events that keep the catalog's rules: any optional field of the type may be there, values anywhere in their ranges.</summary>
public static class ValidEvents
{
    private static readonly Gen<string> Word =
        from length in Gen.Choose(1, 12)
        from runes in Gen.Elements("abcXYZ019 _-\"\\/{}äß€😀".EnumerateRunes().Select(r => r.ToString()).ToArray()).ListOf(length)
        select string.Concat(runes);

    private static Gen<(Field, Int128, string)> Value(Field field) =>
        from number in Number(field)
        from word in field.Vocabulary is { } words && field.Closed ? Gen.Elements(words.ToArray()) : Word
        select (field, number, field.Type != ScalarType.Text ? "" : field == EventCatalog.Identifier ? Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(word))) : field.Max is { } max && word.Length * 4 > max ? "DE" : word);

    /// <summary>No card-like numbers: those are refused wherever they stand.</summary>
    private static Gen<Int128> Number(Field field)
    {
        if (field.Type == ScalarType.Text) return Gen.Constant((Int128)0);
        var (min, max) = field.Type switch
        {
            ScalarType.Bool => ((Int128)0, (Int128)1),
            ScalarType.Day => (Instants.MinDay, Instants.MaxDay),
            _ => (Int128.Max(field.Min ?? -1_000_000, -999_999_999_999), Int128.Min(field.Max ?? 1_000_000, 999_999_999_999)),
        };
        return Gen.OneOf(Gen.Elements(min, max), Gen.Choose(0, int.MaxValue).Select(i => min + (max - min) * i / int.MaxValue));
    }

    private static readonly Gen<(string, ExtraKind, string)> Extra =
        from name in Word
        from kind in Gen.Elements(ExtraKind.Number, ExtraKind.Text, ExtraKind.True, ExtraKind.False)
        from text in Word
        select ("x" + name, kind, kind switch { ExtraKind.Text => text, ExtraKind.Number => "-1.50e3", _ => "" });

    public static readonly Gen<SampleEvent> Events =
        from type in Gen.Elements(EventCatalog.Types.ToArray())
        from customer in Word
        from id in Word
        from at in Gen.Choose(-2_000_000_000, 1_773_000_000)
        from micros in Gen.Elements(0, 1, 500_000, 999_999)
        from optional in Gen.SubListOf(type.Fields.Where(u => !u.Required).Select(u => u.Field).ToArray())
        from values in Gen.CollectToList(type.Fields.Where(u => u.Required).Select(u => u.Field).Concat(optional).DistinctBy(f => f.Ordinal), Value)
        from extras in Extra.ListOf().Select(l => l.DistinctBy(e => e.Item1).Take(4).ToList())
        select new SampleEvent(type, customer, id, at * 1_000_000L + micros, [.. values.Select(Currency)], extras);

    private static (Field Field, Int128 Number, string Text) Currency((Field Field, Int128 Number, string Text) value) =>
        value.Field == EventCatalog.Currency || value.Field == EventCatalog.BillingCurrency ? (value.Field, 0, value.Number % 2 == 0 ? "EUR" : "KWD") : value;

    public static Arbitrary<SampleEvent> Arbitrary() => Arb.From(Events);
}
