using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Domain.Definitions;

/// <summary>Reads and checks one metric.</summary>
internal sealed class MetricReader(ErrorList errors, Shape shape, IReadOnlyList<FieldRef.Declared> declared, int tileRetentionDays)
{
    private static readonly string[] Aggregates = ["count", "sum", "min", "max", "first", "latest", "distinct"];
    private static readonly string[] Keys = ["of", .. Aggregates, "when", "by", "windows", "pii", "doc"];

    /// <summary>The metric, or null after reporting.</summary>
    public Metric? Read(int slot, string name, SourcePlace place, SourceNode node)
    {
        var before = errors.Count;
        if (shape.Keys(node, "a metric", Keys) is not { } keys) return null;
        var of = ReadTypes(keys, place, name);
        var scope = new EventScope(of, declared);
        var (aggregate, fieldName) = ReadAggregate(keys, place, name);
        var field = fieldName is null || of.Count == 0 ? null : ReadField(fieldName, scope, of);
        var when = of.Count == 0 ? null : ReadWhen(keys.GetValueOrDefault("when"), scope);
        var by = of.Count == 0 ? null : ReadBy(shape.Text(keys.GetValueOrDefault("by"), "a field with a vocabulary"), of);
        var windows = ReadWindows(keys.GetValueOrDefault("windows"));
        if (field is not null && fieldName is not null) CheckField(aggregate, field, when, fieldName.Place);
        var pii = ReadPii(keys.GetValueOrDefault("pii"), aggregate, field);
        var doc = shape.Text(keys.GetValueOrDefault("doc"), "a text")?.Text ?? "";
        if (errors.Count > before) return null;
        var metric = new Metric(slot, name, doc.Trim(), of, aggregate, field, when, by, windows, pii, "");
        return metric with { Fingerprint = Fingerprint.Of(metric) };
    }

    private List<EventType> ReadTypes(Dictionary<string, SourceNode> keys, SourcePlace place, string name)
    {
        var types = new List<EventType>();
        if (!keys.TryGetValue("of", out var node)) errors.Add(place, $"metric `{name}` lacks `of`: the event type or types it reads");
        foreach (var word in shape.Texts(node, "an event type"))
        {
            if (EventCatalog.TypeNamed(word.Text) is not { } type)
                errors.Add(word.Place, $"no event type is called `{word.Text}`{Suggestion.For(word.Text, EventCatalog.Types.Select(t => t.Name))}; there are {string.Join(", ", EventCatalog.Types)}");
            else if (types.Contains(type)) errors.Add(word.Place, $"`{type}` is given twice");
            else types.Add(type);
        }
        if (node is SourceNode.Sequence { Items.Count: 0 }) errors.Add(node.Place, "`of` is empty, expected at least one event type");
        return [.. types.OrderBy(t => t.Code)];
    }

    private (Aggregate, SourceNode.Scalar? Field) ReadAggregate(Dictionary<string, SourceNode> keys, SourcePlace place, string name)
    {
        var given = keys.Keys.Where(Aggregates.Contains).ToList();
        if (given.Count != 1)
        {
            var found = given.Count == 0 ? "has no aggregate" : $"has {Words.List(given)}";
            errors.Add(place, $"metric `{name}` {found}, expected one of {string.Join(", ", Aggregates)}");
            return (Aggregate.Count, null);
        }
        var aggregate = Enum.Parse<Aggregate>(given[0], ignoreCase: true);
        var node = keys[given[0]];
        if (aggregate != Aggregate.Count) return (aggregate, shape.Text(node, "the field to aggregate"));
        if (node is not SourceNode.Scalar { Text: "true" }) errors.Add(node.Place, $"found {node.Described}, expected count: true (fields are counted with `distinct`, conditions with `when`)");
        return (aggregate, null);
    }

    private FieldRef? ReadField(SourceNode.Scalar name, EventScope scope, IReadOnlyList<EventType> of)
    {
        var field = scope.Find(name.Text, out var error);
        if (field is null) errors.Add(name.Place, error);
        else if (field is FieldRef.Catalogued known && !AllHave(of, known.Field, name.Place)) return null;
        return field;
    }

    private bool AllHave(IReadOnlyList<EventType> of, Field field, SourcePlace place)
    {
        var lacking = of.Where(t => !EventScope.Has(t, field)).ToList();
        if (lacking.Count > 0)
            errors.Add(place, $"{Words.List(lacking)} {(lacking.Count == 1 ? "has" : "have")} no field `{field.Name}`; it belongs to {Words.List(EventScope.TypesWith(field))}");
        return lacking.Count == 0;
    }

    private Expr? ReadWhen(SourceNode? node, EventScope scope)
    {
        if (shape.Text(node, "a condition") is not { } text) return null;
        var condition = ExpressionText.Parse(text.Text, scope, text.PlaceOf, errors.Add);
        if (condition is null || condition.Type == new ResultType(ScalarType.Bool, false)) return condition;
        errors.Add(text.PlaceOf(0), $"`when` is {condition.Type.Words()}, expected bool");
        return null;
    }

    private Field? ReadBy(SourceNode.Scalar? name, IReadOnlyList<EventType> of)
    {
        if (name is null) return null;
        var candidates = of.SelectMany(t => t.Fields).Select(u => u.Field).Where(f => f.Vocabulary is not null).Distinct().ToList();
        var field = EventCatalog.FieldNamed(name.Text);
        if (field is { Vocabulary: not null }) return AllHave(of, field, name.Place) ? field : null;
        var why = field is null && declared.All(d => d.FieldName != name.Text) ? $"no field is called `{name.Text}`{Suggestion.For(name.Text, candidates.Select(f => f.Name))}" : $"`{name.Text}` has no vocabulary";
        errors.Add(name.Place, $"{why}; `by` takes {(candidates.Count == 0 ? "a field with a vocabulary, of which these event types have none" : Words.List(candidates.Select(f => f.Name), "or"))}");
        return null;
    }

    private IReadOnlyList<int> ReadWindows(SourceNode? node)
    {
        var windows = new List<int>();
        foreach (var word in shape.Texts(node, "a window such as 30d"))
        {
            if (!word.Text.EndsWith('d') || !int.TryParse(word.Text.AsSpan(0, word.Text.Length - 1), out var days) || word.Text != $"{days}d" || days < 1)
                errors.Add(word.Place, $"found `{word.Text}`, expected a window in whole days such as 30d");
            else if (days > tileRetentionDays)
                errors.Add(word.Place, $"a window of {days} days is longer than the {tileRetentionDays} days that tiles are kept (tile_retention_days)");
            else if (windows.Contains(days)) errors.Add(word.Place, $"`{word.Text}` is given twice");
            else windows.Add(days);
        }
        windows.Sort();
        return windows;
    }

    private void CheckField(Aggregate aggregate, FieldRef field, Expr? when, SourcePlace place)
    {
        if (aggregate == Aggregate.Sum && !field.Type.IsNumber())
            errors.Add(place, $"`sum` needs a number, but `{field.Name}` is {field.Type.Word()}");
        if (aggregate is Aggregate.Min or Aggregate.Max && field.Type == ScalarType.Bool)
            errors.Add(place, $"`{aggregate.ToString().ToLowerInvariant()}` needs an order, but `{field.Name}` is bool: count with `when` instead");
        var mixes = aggregate is Aggregate.Sum or Aggregate.Min or Aggregate.Max && field is FieldRef.Catalogued { Field.Unit: FieldUnit.MoneyMixedCurrency };
        if (mixes && !PinsCurrency(when))
            errors.Add(place, $"`{field.Name}` comes in many currencies: use `{EventCatalog.BillingAmountMinor.Name}`, or pin one in `when` with currency = 'EUR' joined by `and`");
    }

    /// <summary>The condition holds only for one currency: a conjunct of it says so.</summary>
    private static bool PinsCurrency(Expr? when) => when switch
    {
        Expr.Binary { Operator: BinaryOperator.And } both => PinsCurrency(both.Left) || PinsCurrency(both.Right),
        Expr.Binary { Operator: BinaryOperator.Equal } same => (IsCurrency(same.Left) && same.Right is Expr.Constant) || (IsCurrency(same.Right) && same.Left is Expr.Constant),
        Expr.In { Negated: false } one => IsCurrency(one.Operand) && one.Values.Distinct().Count() == 1,
        _ => false,
    };

    private static bool IsCurrency(Expr expression) => expression is Expr.EventField { Field: FieldRef.Catalogued { Field: var field } } && field == EventCatalog.Currency;

    /// <summary>A value taken from personal data is personal data; how many there are is not.</summary>
    private bool ReadPii(SourceNode? node, Aggregate aggregate, FieldRef? field)
    {
        var inherited = field is FieldRef.Catalogued { Field.Pii: true } && aggregate is not (Aggregate.Count or Aggregate.Distinct);
        var given = shape.Flag(node, "pii");
        if (given == false && inherited) errors.Add(node!.Place, $"`{field!.Name}` is personal data: pii cannot be false");
        return given ?? inherited;
    }
}
