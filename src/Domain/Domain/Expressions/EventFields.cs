using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>Reads a field of an event.</summary>
internal static class EventFields
{
    private static readonly ReadOnlyMemory<byte>[] TypeNames = [.. EventCatalog.Types.Select(t => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(t.Name))];

    public static Node Read(FieldRef field) => field switch
    {
        FieldRef.Catalogued catalogued => Catalogued(catalogued.Field.Ordinal, catalogued.Type),
        FieldRef.Declared declared => Declared(Encoding.UTF8.GetBytes(declared.FieldName), declared.FieldType),
        FieldRef.OccurredAt => new Node(ScalarType.Instant, (in f, out value) => { value = f.Row.OccurredAtMicros; return true; }),
        FieldRef.OccurredDay => new Node(ScalarType.Day, (in f, out value) => { value = f.Row.OccurredDay; return true; }),
        FieldRef.EventId => Node.OfText((in f, out value) => { value = f.Row.EventIdMemory; return true; }),
        FieldRef.TypeName => Node.OfText((in f, out value) => { value = TypeNames[f.Row.Type.Code - 1]; return true; }),
        _ => throw new InvalidOperationException($"field {field.Name} has no reader"),
    };

    private static Node Catalogued(int ordinal, ScalarType type) => type switch
    {
        ScalarType.Decimal => new Node((in f, out value) => { value = f.Row.Decimal(ordinal); return f.Row.Has(ordinal); }),
        ScalarType.Bool => new Node((in f) => !f.Row.Has(ordinal) ? Truth.Null : f.Row.Number(ordinal) != 0 ? Truth.True : Truth.False),
        ScalarType.Text => Node.OfText((in f, out value) =>
        {
            var present = f.Row.Has(ordinal);
            value = present ? f.Row.TextMemory(ordinal) : default;
            return present;
        }),
        _ => new Node(type, (in f, out value) => { value = f.Row.Number(ordinal); return f.Row.Has(ordinal); }),
    };

    private static Node Declared(byte[] name, ScalarType type) => type switch
    {
        ScalarType.Decimal => new Node((in f, out value) => { value = 0; return Find(f, name, ExtraKind.Number, out var text) && DeclaredForms.TryDecimal(text, out value); }),
        ScalarType.Bool => new Node((in f) => !RecordCodec.TryFindExtra(f.Row, name, out var kind, out _) ? Truth.Null
            : kind == ExtraKind.True ? Truth.True : kind == ExtraKind.False ? Truth.False : Truth.Null),
        ScalarType.Text => Node.OfText((in f, out value) =>
        {
            var present = Find(f, name, ExtraKind.Text, out var text);
            value = present ? Scratch(text) : default;
            return present;
        }),
        ScalarType.Int64 => new Node(type, (in f, out value) => { value = 0; return Find(f, name, ExtraKind.Number, out var text) && DeclaredForms.TryInt64(text, out value); }),
        ScalarType.Day => new Node(type, (in f, out value) => { value = 0; return Find(f, name, ExtraKind.Text, out var text) && DeclaredForms.TryDay(text, out value); }),
        _ => new Node(type, (in f, out value) => { value = 0; return Find(f, name, ExtraKind.Text, out var text) && DeclaredForms.TryInstant(text, out value); }),
    };

    private static bool Find(in Frame frame, byte[] name, ExtraKind wanted, out ReadOnlySpan<byte> text) =>
        RecordCodec.TryFindExtra(frame.Row, name, out var kind, out text) && kind == wanted;

    private static ReadOnlyMemory<byte> Scratch(ReadOnlySpan<byte> text)
    {
        var copy = ScratchText.Take(text.Length);
        text.CopyTo(copy.Span);
        return copy;
    }
}
