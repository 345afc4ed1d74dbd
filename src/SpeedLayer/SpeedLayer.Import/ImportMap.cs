using Lambda.Domain.Cards;
using Lambda.Domain.Events;

namespace Lambda.SpeedLayer.Import;

/// <summary>How a delimited file becomes events. Read from YAML by <see cref="ImportMapReader"/>.</summary>
/// <param name="Columns">Names of the columns in their order; empty when the file's header names them.</param>
/// <param name="Events">Each row yields one event per template whose conditions hold.</param>
/// <param name="Hash">Of the mapping's text: another mapping is another import.</param>
public sealed record ImportMap(FileShape File, IReadOnlyList<string> Columns, IReadOnlyList<EventTemplate> Events, string Hash)
{
    /// <summary>Columns that hold cards' numbers.</summary>
    public IReadOnlySet<string> CardColumns { get; } = Events.SelectMany(e => e.Fields).Where(f => f.Name == CardText.NumberField).SelectMany(f => f.Source.Columns).ToHashSet();
}

/// <param name="Delimiter">One ASCII character, or null for runs of white space.</param>
/// <param name="Quoted">Fields may stand in double quotes, as RFC 4180 has it.</param>
/// <param name="SkipLines">Lines before the header (or before the data when there is none).</param>
/// <param name="Header">The first line after those names the columns.</param>
/// <param name="Comment">Lines that begin with it are skipped; null for none.</param>
public sealed record FileShape(char? Delimiter, bool Quoted, int SkipLines, bool Header, char? Comment, string Encoding);

public sealed record EventTemplate(IReadOnlyList<Condition> Conditions, IReadOnlyList<FieldRule> Fields);

/// <summary>The column's trimmed text is (or is not) one of these.</summary>
public sealed record Condition(string Column, IReadOnlySet<string> Values, bool Negated);

/// <summary>How one field of an event is made.</summary>
/// <param name="Name">The event's field.</param>
/// <param name="Type">How it is written; null writes text that is a number or text as the source has it (amount).</param>
/// <param name="Source">What it is made of.</param>
/// <param name="Values">Replaces the source's text; null keeps it. What is not among the keys takes <paramref name="Default"/>, or is a bad row without one.</param>
/// <param name="Default">For an empty source (else the field is left out) and for texts outside <paramref name="Values"/>.</param>
public sealed record FieldRule(
    string Name, ScalarType? Type, Template Source, TimeRule? Time, IReadOnlyDictionary<string, string>? Values, string? Default, bool DecimalComma);

/// <param name="Format">.NET custom format, or `unix`, `unix_ms`; null takes RFC 3339 as it is.</param>
/// <param name="Zone">Of times that do not say theirs.</param>
/// <param name="Plus">Added afterwards: a label arrives days after its transaction.</param>
public sealed record TimeRule(string? Format, TimeZoneInfo Zone, TimeSpan Plus);

/// <summary>A mapping is wrong; the message names file, line, column and what was expected.</summary>
public sealed class ImportMapException(string message) : Exception(message);

/// <summary>A row cannot become an event: which column, what was found and what was expected.</summary>
public sealed class BadRowException(string column, string message) : Exception(message)
{
    public string Column { get; } = column;
}
