using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>
/// Turns up to three encoded states into an answer in one walk over their cells, without merging them first. A metric has one accumulator per key and
/// ring: ring i holds the days that window i has and window i-1 has not, the last ring is all time.
/// </summary>
internal sealed class FinishPlan
{
    private readonly ViewDefinition _definition;
    private readonly MetricPlan[] _metrics; // by slot
    private readonly int _accumulators;
    private readonly AnswerExpression[] _derived;
    private readonly AnswerExpression[] _segments;

    /// <param name="FirstOutput">Index of the all-time output; the windows follow it.</param>
    /// <param name="Keys">Keys of a `by` metric with (other), else 0.</param>
    private sealed record MetricPlan(Metric Metric, CellKind Kind, int FirstOutput, int Keys, int FirstAccumulator, int[] Windows)
    {
        public int Width => Math.Max(1, Keys);
        public ScalarType Type => Metric.ResultScalar;
        public bool IsZeroWithoutEvents => Metric.Aggregate is Aggregate.Count or Aggregate.Sum or Aggregate.Distinct;
    }

    public FinishPlan(ViewDefinition definition)
    {
        _definition = definition;
        _metrics = new MetricPlan[definition.Metrics.Count];
        foreach (var metric in definition.Metrics)
        {
            var first = definition.Outputs.First(o => o.Metric?.Slot == metric.Slot && o.WindowDays == 0);
            var plan = new MetricPlan(metric, MetricCells.KindOf(metric), first.Index, first.Keys?.Count ?? 0, _accumulators, [.. metric.WindowDays]);
            _metrics[metric.Slot] = plan;
            _accumulators += plan.Width * (plan.Windows.Length + 1);
        }
        _derived = [.. definition.Derived.Select(d => AnswerExpressions.Compile(d.Expression))];
        _segments = [.. definition.Segments.Select(s => AnswerExpressions.Compile(s.Rule))];
    }

    public Answer Finish(ReadOnlySpan<byte> batch, ReadOnlySpan<byte> closed, ReadOnlySpan<byte> open, int asOfDay, ICollection<string>? overflows)
    {
        var sources = new FinishSources(batch, closed, open);
        var work = FinishWork.Rent(_accumulators);
        for (var i = 0; i < 3; i++) Collect(sources, i, asOfDay, work);
        var scalars = new Value[_definition.Outputs.Count];
        var maps = new Value[]?[_definition.Outputs.Count];
        foreach (var plan in _metrics)
        {
            FinishRing(plan, plan.Windows.Length, sources, work, scalars, maps, overflows);
            for (var ring = 0; ring < plan.Windows.Length; ring++) FinishRing(plan, ring, sources, work, scalars, maps, overflows);
        }
        FinishWork.Return(work);
        return Answer(scalars, maps, asOfDay);
    }

    private Answer Answer(Value[] scalars, Value[]?[] maps, int asOfDay)
    {
        var output = scalars.Length - _derived.Length;
        foreach (var derived in _derived) scalars[output++] = derived.Evaluate(scalars, maps, asOfDay);
        var segments = new bool[_segments.Length];
        for (var i = 0; i < segments.Length; i++) segments[i] = _segments[i].IsTrue(scalars, maps, asOfDay);
        return new Answer(_definition, asOfDay, scalars, maps, segments);
    }

    private void Collect(in FinishSources sources, int source, int asOfDay, FinishWork work)
    {
        if (sources[source].IsEmpty) return;
        var tiles = new TileReader(sources[source]);
        CollectCells(tiles.AllTime, sources, source, age: int.MaxValue, work);
        while (tiles.MoveNext())
        {
            var age = (long)asOfDay - tiles.Day;
            if (age < 0) return; // days ascend: the rest lies ahead of as_of too
            if (age < _definition.LongestWindowDays) CollectCells(tiles.Block, sources, source, (int)age, work);
        }
    }

    private void CollectCells(ReadOnlySpan<byte> cells, in FinishSources sources, int source, int age, FinishWork work)
    {
        var reader = new CellReader(cells);
        while (reader.MoveNext())
        {
            var plan = _metrics[reader.Slot];
            var ring = RingOf(plan, age);
            if (ring < 0) continue;
            ref var into = ref work[plan.FirstAccumulator + ring * plan.Width + Math.Max(0, reader.By - 1)];
            if (plan.Kind == CellKind.Sum) into.Add(reader.FromPayload);
            else work.Keep(ref into, plan.Kind, sources, source, reader.Payload);
        }
    }

    /// <summary>The narrowest window that holds a day of this age; the ring of all time for <see cref="int.MaxValue"/>; -1 if none does.</summary>
    private static int RingOf(MetricPlan plan, int age)
    {
        var windows = plan.Windows;
        if (age == int.MaxValue) return windows.Length;
        for (var i = 0; i < windows.Length; i++)
            if (age < windows[i]) return i;
        return -1;
    }

    private void FinishRing(MetricPlan plan, int ring, in FinishSources sources, FinishWork work, Value[] scalars, Value[]?[] maps, ICollection<string>? overflows)
    {
        var allTime = ring == plan.Windows.Length;
        var output = allTime ? plan.FirstOutput : plan.FirstOutput + 1 + ring;
        var first = plan.FirstAccumulator + ring * plan.Width;
        var map = plan.Keys == 0 ? null : maps[output] = new Value[plan.Keys];
        for (var key = 0; key < plan.Width; key++)
        {
            ref var accumulator = ref work[first + key];
            if (ring > 0 && !allTime) work.Join(ref accumulator, work[first - plan.Width + key], plan.Kind, sources);
            ref var value = ref map is null ? ref scalars[output] : ref map[key];
            value = accumulator.Any ? ValueOf(plan, output, accumulator, sources, work, overflows)
                : map is null && plan.IsZeroWithoutEvents ? Value.Of(plan.Type, 0) : Value.Null(plan.Type);
        }
    }

    private Value ValueOf(MetricPlan plan, int output, in Accumulator accumulator, in FinishSources sources, FinishWork work, ICollection<string>? overflows)
    {
        if (plan.Kind == CellKind.Sum)
        {
            var sum = accumulator.Sum;
            var fits = plan.Type == ScalarType.Decimal ? sum.FitsInt128 && Int128.Abs(sum.ToInt128) < DecimalMath.Limit : sum.FitsInt64;
            return fits ? Value.Of(plan.Type, sum.ToInt128) : Overflow(plan, output, overflows);
        }
        if (plan.Kind.ElementBytes() is > 0 and var width) return Value.Int(work.CountDistinct(accumulator, sources, width));
        var payload = accumulator.Payload(sources);
        if (plan.Kind.IsStamped())
        {
            PayloadOrder.StampOf(payload, out var used);
            payload = payload[used..];
        }
        return plan.Kind.IsText() ? Value.Text(PayloadOrder.Text(payload).ToArray()) : Value.Of(plan.Type, PayloadOrder.Number(payload));
    }

    private Value Overflow(MetricPlan plan, int output, ICollection<string>? overflows)
    {
        var name = _definition.Outputs[output].Name;
        if (overflows is null) throw new MetricOverflowException(name);
        if (!overflows.Contains(name)) overflows.Add(name);
        return Value.Null(plan.Type);
    }
}
