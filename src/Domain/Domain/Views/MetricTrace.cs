using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>Whether an event counts for one output of a metric, and with what value: what the fold does, event by event, so that a person can follow it.</summary>
/// <param name="output">Of a metric.</param>
public sealed class MetricTrace(OutputColumn output)
{
    private readonly Metric _metric = output.Metric ?? throw new ArgumentException($"`{output.Name}` is no metric's output");
    private readonly EventExpression? _when = output.Metric.When is { } when ? EventExpressions.Compile(when) : null;
    private readonly EventExpression? _field = output.Metric.Field is { } field ? EventExpressions.Compile(new Expr.EventField(field)) : null;
    private readonly VocabularyCodes? _keys = output.Metric.By is { } by ? new VocabularyCodes(by) : null;

    /// <summary>First day of the output's window; <see cref="int.MinValue"/> for all time.</summary>
    public int FirstDay(int asOfDay) => output.WindowDays == 0 ? int.MinValue : asOfDay - output.WindowDays + 1;

    /// <param name="value">What the event gives to the aggregate: 1 to a count, else the field's value.</param>
    /// <param name="key">Of the map, if the output is one.</param>
    public bool Counts(EventRow row, int asOfDay, out Value value, out string? key)
    {
        (value, key) = (default, null);
        if (_metric.Of.All(t => t.Code != row.Type.Code)) return false;
        if (output.WindowDays > 0 && (row.OccurredDay > asOfDay || row.OccurredDay < FirstDay(asOfDay))) return false;
        if (_metric.By is { } by && !row.Has(by.Ordinal)) return false;
        if (_when is not null && !_when.IsTrue(row)) return false;
        value = _metric.Aggregate == Aggregate.Count ? Value.Int(1) : _field!.Evaluate(row);
        if (value.IsNull) return false;
        if (_keys is not null) key = output.Keys![_keys.CodeOf(row) - 1];
        return true;
    }
}
