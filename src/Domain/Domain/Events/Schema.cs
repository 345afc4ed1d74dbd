namespace Lambda.Domain.Events;

/// <summary>
/// Type of a field, an expression or a finished metric. Storage in memory is one number or one UTF-8 text:
/// int64 as is; decimal(38,6) as value × 10^6; bool 0/1; day as days since 1970-01-01; instant as microseconds since 1970-01-01T00:00Z.
/// </summary>
public enum ScalarType : byte { Int64, Decimal, Text, Bool, Day, Instant }

/// <summary>What a number counts, where that limits what may be summed.</summary>
public enum FieldUnit : byte { None, MoneyMixedCurrency, MoneyBillingCurrency }

/// <summary>
/// A field that events may carry. One name means one thing and one type in every event type: the warehouse has one column per field.
/// <paramref name="Ordinal"/> is a storage format (log records name fields by it): never renumber, only append.
/// </summary>
/// <param name="Min">Inclusive lower bound in storage units (see <see cref="ScalarType"/>), null for none.</param>
/// <param name="Max">Inclusive upper bound in storage units; for text the most UTF-8 bytes.</param>
/// <param name="Vocabulary">The values that `by` tells apart, in the order of their codes; others fall into (other).</param>
/// <param name="Closed">True: a value outside the vocabulary is refused at ingress. False: it is kept and counts as (other).</param>
public sealed record Field(
    int Ordinal, string Name, ScalarType Type, string Doc,
    Int128? Min = null, Int128? Max = null,
    IReadOnlyList<string>? Vocabulary = null, bool Closed = false,
    bool Pii = false, FieldUnit Unit = FieldUnit.None);

/// <summary>A field as one event type uses it.</summary>
public readonly record struct FieldUse(Field Field, bool Required);

/// <summary>
/// An event type. <paramref name="Code"/> and <paramref name="Name"/> are storage formats: never renumber or rename.
/// </summary>
public sealed record EventType(byte Code, string Name, string Doc, IReadOnlyList<FieldUse> Fields)
{
    /// <summary>Bit i set: field with ordinal i belongs to this type.</summary>
    public ulong FieldMask { get; } = Mask(Fields, onlyRequired: false);

    /// <summary>Bit i set: field with ordinal i is present on every accepted event of this type.</summary>
    public ulong RequiredMask { get; } = Mask(Fields, onlyRequired: true);

    public override string ToString() => Name;

    private static ulong Mask(IReadOnlyList<FieldUse> fields, bool onlyRequired)
    {
        ulong mask = 0;
        foreach (var use in fields)
            if (use.Required || !onlyRequired) mask |= 1UL << use.Field.Ordinal;
        return mask;
    }
}
