using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Lifetime;

namespace Lambda.Domain.Views;

public enum Aggregate { Count, Sum, Min, Max, First, Latest, Distinct }

/// <summary>
/// One metric of a view, checked. Each metric yields an all-time output under its name and one `name_Nd` output per window.
/// </summary>
/// <param name="Slot">Index of the metric in the view; names its cells in states of this definition.</param>
/// <param name="Of">Event types it reads, at least one.</param>
/// <param name="Field">What is aggregated; null for count.</param>
/// <param name="When">Bool expression over the event; null counts every event. Counted only if true, and only if <paramref name="Field"/> and <paramref name="By"/> are present.</param>
/// <param name="By">A catalogued field with a vocabulary: results are keyed by its values and (other); an event without it does not count.</param>
/// <param name="WindowDays">Ascending, without duplicates; empty for an all-time metric.</param>
/// <param name="Fingerprint">Equal exactly for metrics that mean the same: what may be compared across definitions.</param>
public sealed record Metric(
    int Slot, string Name, string Doc, IReadOnlyList<EventType> Of, Aggregate Aggregate, FieldRef? Field, Expr? When, Field? By,
    IReadOnlyList<int> WindowDays, bool Pii, string Fingerprint)
{
    /// <summary>Type of one scalar result: count, distinct and int64 sums are int64; else the field's type.</summary>
    public ScalarType ResultScalar => Aggregate is Aggregate.Count or Aggregate.Distinct ? ScalarType.Int64 : Field!.Type;
}

/// <summary>A value computed from outputs that stand before it.</summary>
public sealed record Derived(string Name, string Doc, Expr Expression, bool Pii);

/// <summary>A named bool over outputs; a customer is a member when it is true.</summary>
public sealed record Segment(string Name, string Doc, Expr Rule);

/// <summary>The last three are columns of the population beside a definition's outputs: see <see cref="PopulationColumns"/>.</summary>
public enum OutputKind { Metric, Derived, Segment, CustomerId, Estimate }

/// <summary>A named column of the finished answer. Metrics first (each name, then its windows ascending, in definition order), then derived.</summary>
/// <param name="WindowDays">0 for all-time and derived.</param>
/// <param name="Keys">Vocabulary keys with (other) last, for by-metrics; null for scalars.</param>
public sealed record OutputColumn(int Index, string Name, OutputKind Kind, ResultType Type, Metric? Metric, int WindowDays, IReadOnlyList<string>? Keys, bool Pii, string Doc);

/// <summary>A checked definition: the one source of the fold, the SQL, the merge, the API's schema and the data dictionary.</summary>
/// <param name="Hash">SHA-256 of <paramref name="Text"/>, lower-case hex: names the definition in barriers, publications and answers.</param>
public sealed record ViewDefinition(
    string Name, string Hash, string Text, int TileRetentionDays,
    IReadOnlyList<FieldRef.Declared> Fields, IReadOnlyList<Metric> Metrics, IReadOnlyList<Derived> Derived, IReadOnlyList<Segment> Segments,
    IReadOnlyList<OutputColumn> Outputs)
{
    /// <summary>Null when the definition has no `lifetime`.</summary>
    public LifetimeInputs? Lifetime { get; init; }

    public const string OtherKey = "(other)";
    public const int DefaultTileRetentionDays = 400;

    /// <summary>The longest window in days, 0 without windows.</summary>
    public int LongestWindowDays { get; } = Metrics.SelectMany(m => m.WindowDays).DefaultIfEmpty(0).Max();
}

/// <summary>What is wrong with a definition and where. Messages say what was found and what was expected.</summary>
public sealed record DefinitionError(string File, int Line, int Column, string Message)
{
    public override string ToString() => $"{File}:{Line}:{Column}: {Message}";
}

public sealed class DefinitionException(IReadOnlyList<DefinitionError> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    public IReadOnlyList<DefinitionError> Errors { get; } = errors;
}
