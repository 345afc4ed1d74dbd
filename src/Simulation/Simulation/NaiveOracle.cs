using System.Numerics;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Simulation;

/// <summary>
/// What a view must say, in the most obvious way: one customer's events, the definition's words, LINQ. It shares with the engine only the
/// record codec and the plain evaluation of expressions. Windows are exact here: compare where <see cref="CompiledView.TilesCover"/>.
/// </summary>
public static class NaiveOracle
{
    /// <summary>Of each event id the copy with the lowest offset.</summary>
    public static IEnumerable<LoggedEvent> Distinct(IEnumerable<LoggedEvent> events) => events.GroupBy(e => e.EventId).Select(copies => copies.MinBy(e => e.Offset)!);

    /// <summary>What lies before an erasure of the customer counts for nothing; what lies behind the newest one is all there is.</summary>
    /// <param name="erasures">Offsets, in any order.</param>
    public static IEnumerable<LoggedEvent> Remaining(IEnumerable<LoggedEvent> events, IReadOnlyCollection<long> erasures) =>
        erasures.Count == 0 ? events : events.Where(e => e.Offset > erasures.Max());

    /// <param name="events">All of one customer's events, repeats included, in any order.</param>
    /// <param name="overflows">Names of outputs that do not fit their type; they are null in the answer.</param>
    public static Answer Expect(ViewDefinition definition, IEnumerable<LoggedEvent> events, int asOfDay, List<string> overflows) =>
        Finish(definition, Distinct(events), asOfDay, overflows);

    /// <param name="counting">The events that count, each once as it stands here.</param>
    /// <param name="overflows">Names of outputs that do not fit their type; they are null in the answer.</param>
    public static Answer Finish(ViewDefinition definition, IEnumerable<LoggedEvent> counting, int asOfDay, List<string> overflows)
    {
        var rows = counting.Select(e => e.ToRow()).ToList();
        var scalars = new Value[definition.Outputs.Count];
        var maps = new Value[]?[definition.Outputs.Count];
        foreach (var output in definition.Outputs.Where(o => o.Kind == OutputKind.Metric))
        {
            var counted = Counted(output.Metric!, rows).Where(e => output.WindowDays == 0 || InWindow(e.Row, output.WindowDays, asOfDay)).ToList();
            if (output.Keys is null) scalars[output.Index] = Aggregated(output, counted, overflows);
            else maps[output.Index] = [.. output.Keys.Select(key => Aggregated(output, [.. counted.Where(e => KeyOf(output.Metric!.By!, e.Row) == key)], overflows))];
        }
        foreach (var (derived, output) in definition.Derived.Zip(definition.Outputs.Where(o => o.Kind == OutputKind.Derived)))
            scalars[output.Index] = AnswerExpressions.Compile(derived.Expression).Evaluate(scalars, maps, asOfDay);
        return new Answer(definition, asOfDay, scalars, maps, [.. definition.Segments.Select(s => AnswerExpressions.Compile(s.Rule).IsTrue(scalars, maps, asOfDay))]);
    }

    private static bool InWindow(EventRow row, int days, int asOfDay) => row.OccurredDay > asOfDay - days && row.OccurredDay <= asOfDay;

    private static IEnumerable<(EventRow Row, Value Value)> Counted(Metric metric, IEnumerable<EventRow> rows) =>
        from row in rows
        where metric.Of.Any(type => type.Name == row.Type.Name)
        where metric.When is null || EventExpressions.Compile(metric.When).Evaluate(row).IsTrue
        where metric.By is null || row.Has(metric.By.Ordinal)
        let value = metric.Field is null ? Value.Int(1) : EventExpressions.Compile(new Expr.EventField(metric.Field)).Evaluate(row)
        where !value.IsNull
        select (row, value);

    private static string KeyOf(Field by, EventRow row)
    {
        var text = Encoding.UTF8.GetString(row.Text(by.Ordinal));
        return by.Vocabulary!.Contains(text) ? text : ViewDefinition.OtherKey;
    }

    private static Value Aggregated(OutputColumn output, List<(EventRow Row, Value Value)> counted, List<string> overflows)
    {
        var (metric, type) = (output.Metric!, output.Metric!.ResultScalar);
        var zeroIfNone = output.Keys is null && metric.Aggregate is Aggregate.Count or Aggregate.Sum or Aggregate.Distinct && output.Keys is null;
        if (counted.Count == 0) return zeroIfNone ? Value.Of(type, 0) : Value.Null(type);
        var ordered = counted.OrderBy(e => e.Row.OccurredAtMicros).ThenBy(e => e.Row.Offset).Select(e => e.Value);
        var ascending = counted.Select(e => e.Value).Order(Comparer<Value>.Create((a, b) => a.Type == ScalarType.Text ? a.Utf8.SequenceCompareTo(b.Utf8) : a.Number.CompareTo(b.Number)));
        return metric.Aggregate switch
        {
            Aggregate.Count => Value.Int(counted.Count),
            Aggregate.Sum => Sum(output, type, counted.Aggregate(BigInteger.Zero, (sum, e) => sum + (BigInteger)e.Value.Number), overflows),
            Aggregate.Min => ascending.First(),
            Aggregate.Max => ascending.Last(),
            Aggregate.First => ordered.First(),
            Aggregate.Latest => ordered.Last(),
            _ => Value.Int(counted.Select(e => e.Value).Distinct().Count()),
        };
    }

    private static Value Sum(OutputColumn output, ScalarType type, BigInteger sum, List<string> overflows)
    {
        var fits = type == ScalarType.Decimal ? BigInteger.Abs(sum) < BigInteger.Pow(10, 38) : sum >= long.MinValue && sum <= long.MaxValue;
        if (fits) return Value.Of(type, (Int128)sum);
        if (!overflows.Contains(output.Name)) overflows.Add(output.Name);
        return Value.Null(type);
    }
}
