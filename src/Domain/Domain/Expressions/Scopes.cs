using Lambda.Domain.Events;
using Lambda.Domain.Views;

namespace Lambda.Domain.Expressions;

/// <summary>The names an expression may use.</summary>
internal interface IScope
{
    /// <summary>The expression a name stands for; null if it stands for none, and then why.</summary>
    Expr? Resolve(string name, out string error);
}

/// <summary>Names in `when`: fields of the event types the metric reads, declared fields, and what every event has.</summary>
internal sealed class EventScope(IReadOnlyList<EventType> of, IReadOnlyList<FieldRef.Declared> declared) : IScope
{
    private static readonly FieldRef[] Common = [new FieldRef.OccurredAt(), new FieldRef.OccurredDay(), new FieldRef.EventId(), new FieldRef.TypeName()];

    public static bool IsCommon(string name) => Common.Any(f => f.Name == name);

    public Expr? Resolve(string name, out string error)
    {
        var field = Find(name, out error);
        return field is null ? null : new Expr.EventField(field);
    }

    /// <summary>The field of that name, if at least one of the event types has it.</summary>
    public FieldRef? Find(string name, out string error)
    {
        error = "";
        if (Common.FirstOrDefault(f => f.Name == name) is { } common) return common;
        if (declared.FirstOrDefault(f => f.Name == name) is { } own) return own;
        var field = EventCatalog.FieldNamed(name);
        if (field is not null && of.Any(t => Has(t, field))) return new FieldRef.Catalogued(field);
        error = field is not null ? $"{Words.List(of)} {(of.Count == 1 ? "has" : "have")} no field `{name}`; it belongs to {Words.List(TypesWith(field))}"
            : name == "today" ? "an event does not know `today`: compare days in a derived value or a segment"
            : $"no field is called `{name}`{Suggestion.For(name, Known())}; a field outside the catalogue is declared under `fields` with its type";
        return null;
    }

    public static bool Has(EventType type, Field field) => (type.FieldMask >> field.Ordinal & 1) != 0;

    public static IEnumerable<EventType> TypesWith(Field field) => EventCatalog.Types.Where(t => Has(t, field));

    private IEnumerable<string> Known() => Common.Select(f => f.Name).Concat(declared.Select(f => f.Name))
        .Concat(of.SelectMany(t => t.Fields).Select(u => u.Field.Name)).Distinct();
}

/// <summary>Names in derived values, segments and searches: the outputs that stand before, and `today`.</summary>
/// <param name="explain">Why a name is not among them, if more is known about it than that: it stands below, it is a segment.</param>
internal sealed class AnswerScope(IReadOnlyList<OutputColumn> outputs, Func<string, string?>? explain = null) : IScope
{
    private readonly Dictionary<string, OutputColumn> _byName = outputs.ToDictionary(o => o.Name);

    public Expr? Resolve(string name, out string error)
    {
        error = "";
        if (name == "today") return new Expr.Today();
        if (_byName.TryGetValue(name, out var output)) return new Expr.Output(output.Index, output.Name, output.Type, output.Keys);
        error = explain?.Invoke(name)
            ?? (EventCatalog.FieldNamed(name) is not null || EventScope.IsCommon(name)
                ? $"`{name}` is a field of events: here only metrics and derived values can be read{Suggestion.For(name, _byName.Keys)}"
                : $"no metric or derived value is called `{name}`{Suggestion.For(name, [.. _byName.Keys, "today"])}");
        return null;
    }
}

internal static class Words
{
    /// <summary>`login`, `transaction` and `reward`.</summary>
    public static string List<T>(IEnumerable<T> items, string last = "and")
    {
        var quoted = items.Select(i => $"`{i}`").ToList();
        return quoted.Count <= 1 ? string.Concat(quoted) : $"{string.Join(", ", quoted.SkipLast(1))} {last} {quoted[^1]}";
    }
}
