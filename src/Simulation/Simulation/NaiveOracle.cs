using System.Numerics;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Simulation;

/// <summary>
/// What a view means, in obvious code: for each output, filter the events, group by key, aggregate with BigInteger. It shares no state, fold, merge or
/// SQL with the product, only the evaluation of expressions, which has tests of its own. Slow, and not to be made clever.
/// </summary>
public static class NaiveOracle
{
    /// <param name="Overflowing">Outputs that do not fit their type: the product must name one of them instead of answering.</param>
    public sealed record Expected(Value[] Scalars, Value[]?[] Maps, bool[] Segments, IReadOnlyList<string> Overflowing);

    private sealed record Counted(int Key, Value Value, int Day, long OccurredAtMicros, long Offset);

    /// <param name="events">The events that count, as log records with their offsets.</param>
    public static Expected Finish(ViewDefinition definition, IEnumerable<(long Offset, ReadOnlyMemory<byte> Record)> events, int asOfDay)
    {
        var all = events.ToList();
        var scalars = new Value[definition.Outputs.Count];
        var maps = new Value[]?[definition.Outputs.Count];
        var overflowing = new List<string>();
        foreach (var group in definition.Outputs.Where(o => o.Metric is not null).GroupBy(o => o.Metric!))
        {
            var counted = Select(group.Key, all);
            foreach (var output in group)
            {
                var within = counted.Where(c => output.WindowDays == 0 || (c.Day > asOfDay - output.WindowDays && c.Day <= asOfDay)).ToList();
                if (output.Keys is null) scalars[output.Index] = Aggregate(output, within, overflowing);
                else maps[output.Index] = [.. output.Keys.Select((_, key) => OfKey(output, within.Where(c => c.Key == key).ToList(), overflowing))];
            }
        }
        // A derived of something that overflows is never asked for: the product answers with the overflow.
        if (overflowing.Count > 0) return new Expected(scalars, maps, [], overflowing);
        var firstDerived = definition.Outputs.Count - definition.Derived.Count;
        for (var i = 0; i < definition.Derived.Count; i++)
            scalars[firstDerived + i] = AnswerExpressions.Compile(definition.Derived[i].Expression).Evaluate(scalars, maps, asOfDay);
        var segments = definition.Segments.Select(s => AnswerExpressions.Compile(s.Rule).IsTrue(scalars, maps, asOfDay)).ToArray();
        return new Expected(scalars, maps, segments, overflowing);
    }

    private static List<Counted> Select(Metric metric, List<(long Offset, ReadOnlyMemory<byte> Record)> events)
    {
        var when = metric.When is null ? null : EventExpressions.Compile(metric.When);
        var field = metric.Field is null ? null : EventExpressions.Compile(new Expr.EventField(metric.Field));
        var by = metric.By is null ? null : EventExpressions.Compile(new Expr.EventField(new FieldRef.Catalogued(metric.By)));
        var counted = new List<Counted>();
        foreach (var (offset, record) in events)
        {
            var row = new EventRow();
            RecordCodec.Read(record, row);
            if (!metric.Of.Contains(row.Type) || (when is not null && !when.IsTrue(row))) continue;
            var value = field?.Evaluate(row) ?? Value.Int(1);
            var key = by?.Evaluate(row);
            if (value.IsNull || key is { IsNull: true }) continue;
            counted.Add(new Counted(key is null ? 0 : KeyOf(metric.By!, key.Value), value, row.OccurredDay, row.OccurredAtMicros, offset));
        }
        return counted;
    }

    private static int KeyOf(Field by, Value value)
    {
        var known = by.Vocabulary!.ToList().FindIndex(word => Value.Text(word).Equals(value));
        return known >= 0 ? known : by.Vocabulary!.Count;
    }

    private static Value OfKey(OutputColumn output, List<Counted> counted, List<string> overflowing) =>
        counted.Count == 0 ? Value.Null(output.Type.Scalar) : Aggregate(output, counted, overflowing);

    private static Value Aggregate(OutputColumn output, List<Counted> counted, List<string> overflowing)
    {
        var type = output.Type.Scalar;
        return output.Metric!.Aggregate switch
        {
            Domain.Views.Aggregate.Count => Value.Int(counted.Count),
            Domain.Views.Aggregate.Sum => Fit(output, counted.Aggregate(BigInteger.Zero, (sum, c) => sum + (BigInteger)c.Value.Number), overflowing),
            Domain.Views.Aggregate.Distinct => Value.Int(counted.Select(c => c.Value).Distinct().Count()),
            _ when counted.Count == 0 => Value.Null(type),
            Domain.Views.Aggregate.Min => counted.Select(c => c.Value).Aggregate((a, b) => Compare(b, a) < 0 ? b : a),
            Domain.Views.Aggregate.Max => counted.Select(c => c.Value).Aggregate((a, b) => Compare(b, a) > 0 ? b : a),
            Domain.Views.Aggregate.First => counted.MinBy(c => (c.OccurredAtMicros, c.Offset))!.Value,
            Domain.Views.Aggregate.Latest => counted.MaxBy(c => (c.OccurredAtMicros, c.Offset))!.Value,
            var other => throw new InvalidOperationException($"unknown aggregate {other}"),
        };
    }

    private static Value Fit(OutputColumn output, BigInteger sum, List<string> overflowing)
    {
        var limit = output.Type.Scalar == ScalarType.Decimal ? BigInteger.Pow(10, 38) - 1 : long.MaxValue;
        var least = output.Type.Scalar == ScalarType.Decimal ? -limit : long.MinValue;
        if (sum <= limit && sum >= least) return Value.Of(output.Type.Scalar, (Int128)sum);
        overflowing.Add(output.Name);
        return Value.Null(output.Type.Scalar);
    }

    private static int Compare(Value a, Value b) => a.Type == ScalarType.Text ? a.Utf8.SequenceCompareTo(b.Utf8) : a.Number.CompareTo(b.Number);
}
