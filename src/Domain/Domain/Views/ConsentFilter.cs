using System.Runtime.CompilerServices;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>
/// Who may be used for a purpose: those whose newest `consent` event for it grants it. Who never said anything is not among them. Searches, lists of a segment's members
/// and exports that name a purpose show nobody else.
/// </summary>
public sealed class ConsentFilter
{
    private readonly OutputColumn _column;

    private ConsentFilter(string purpose, OutputColumn column) => (Purpose, _column) = (purpose, column);

    public string Purpose { get; }

    /// <summary>Metric of the definition that holds the consent; as an expression over the outputs it is true for those who may be used, so it can stand in an `and`.</summary>
    public string Expression => _column.Name;

    /// <summary>The same, parsed: a bool over the outputs.</summary>
    public Expr Rule => new Expr.Output(_column.Index, _column.Name, _column.Type);

    /// <summary>Purposes the catalogue knows.</summary>
    public static IReadOnlyList<string> Purposes => EventCatalog.Purpose.Vocabulary!;

    /// <summary>
    /// The filter of a purpose, by what the definition's metrics mean, not by how they are called: one is `latest: granted` of consent events and counts those of this purpose
    /// only.
    /// </summary>
    /// <returns>Null when no metric says so: nobody can be said to have consented, and the caller must refuse.</returns>
    public static ConsentFilter? For(ViewDefinition definition, string purpose)
    {
        var column = definition.Outputs.FirstOrDefault(o => o.Metric is { } metric && o.WindowDays == 0 && o.Keys is null && HoldsConsent(metric, purpose));
        return column is null ? null : new ConsentFilter(purpose, column);
    }

    /// <summary>One for each purpose that the definition has a metric of consent for, in the catalogue's order.</summary>
    public static IReadOnlyList<ConsentFilter> AllOf(ViewDefinition definition) => Known.GetValue(definition, static d => [.. Purposes.Select(p => For(d, p)).OfType<ConsentFilter>()]);

    private static readonly ConditionalWeakTable<ViewDefinition, IReadOnlyList<ConsentFilter>> Known = [];

    /// <summary>Whether one customer may be used.</summary>
    public bool Allows(Answer answer) => answer.Scalars[_column.Index] is { IsNull: false, IsTrue: true };

    private static bool HoldsConsent(Metric metric, string purpose) =>
        metric is { Aggregate: Aggregate.Latest, By: null, When: not null, Field: FieldRef.Catalogued { Field: var field } } && field.Ordinal == EventCatalog.Granted.Ordinal
        && metric.Of.All(t => t.Code == EventCatalog.Consent.Code)
        && Purposes.Append("(another)").All(p => Counts(metric, p) == (p == purpose));

    private static bool Counts(Metric metric, string purpose)
    {
        var writer = new RecordWriter().Begin(EventCatalog.Consent, "c"u8, "e"u8, 0).SetText(EventCatalog.Purpose, Encoding.UTF8.GetBytes(purpose)).SetBool(EventCatalog.Granted, true);
        var row = new EventRow();
        RecordCodec.Read(writer.Finish().ToArray(), row);
        return EventExpressions.Compile(metric.When!).IsTrue(row);
    }
}
