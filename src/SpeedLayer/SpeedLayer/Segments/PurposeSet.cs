using Lambda.Domain.Views;

namespace Lambda.SpeedLayer.Segments;

/// <summary>
/// Purposes that a customer agreed to, as text: each name with a blank on either side, in the catalogue's order; empty for none. A storage format, so that SQL finds a name
/// in it without finding it in another.
/// </summary>
public readonly record struct PurposeSet
{
    private readonly string? _text;

    private PurposeSet(IEnumerable<string> names) => _text = string.Join(' ', names) is { Length: > 0 } joined ? $" {joined} " : null;

    public static PurposeSet Parse(string text) => new(text.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>What this answer's customer agrees to, as far as its definition can tell: absence is denial.</summary>
    public static PurposeSet AgreedTo(Answer answer)
    {
        var filters = ConsentFilter.AllOf(answer.Definition);
        return filters.Any(f => f.Allows(answer)) ? new PurposeSet(filters.Where(f => f.Allows(answer)).Select(f => f.Purpose)) : default;
    }

    public bool IsEmpty => _text is null;

    public IEnumerable<string> Names => (_text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public bool Contains(string purpose) => _text is not null && _text.Contains($" {purpose} ", StringComparison.Ordinal);

    public PurposeSet And(PurposeSet other) => this == other ? this : new(Names.Where(other.Contains));

    public PurposeSet Without(PurposeSet other) => IsEmpty || other.IsEmpty ? this : new(Names.Where(n => !other.Contains(n)));

    /// <summary>Both, in the catalogue's order.</summary>
    public PurposeSet With(PurposeSet other)
    {
        if (IsEmpty || other.IsEmpty) return IsEmpty ? other : this;
        var all = Names.Union(other.Names).ToHashSet();
        return new PurposeSet([.. ConsentFilter.Purposes.Where(all.Contains), .. all.Except(ConsentFilter.Purposes).Order(StringComparer.Ordinal)]);
    }

    public override string ToString() => _text ?? "";
}
