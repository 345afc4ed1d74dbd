using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>
/// What a fold does per event type: the metrics in the order of their slots, so that the cells of one event come out sorted, and what they share
/// (conditions, codes of keys), evaluated once per event.
/// </summary>
internal sealed class FoldPlan
{
    private readonly TypePlan?[] _byTypeCode = new TypePlan?[256];
    private readonly bool[] _windowed; // by slot

    public FoldPlan(ViewDefinition definition)
    {
        _windowed = [.. definition.Metrics.Select(m => m.WindowDays.Count > 0)];
        foreach (var type in EventCatalog.Types)
        {
            Metric[] metrics = [.. definition.Metrics.Where(m => m.Of.Any(t => t.Code == type.Code)).OrderBy(m => m.Slot)];
            if (metrics.Length > 0) _byTypeCode[type.Code] = new TypePlan(metrics);
        }
    }

    /// <summary>Writes the state of this one event.</summary>
    public ReadOnlySpan<byte> WriteDelta(EventRow row, bool withTile, StateWriter to)
    {
        to.Begin();
        if (_byTypeCode[row.Type.Code] is { } plan)
        {
            plan.WriteCells(row, to);
            if (withTile) WriteTile(row, to);
        }
        return to.End();
    }

    /// <summary>The tile of one event holds the cells that its windowed metrics wrote for all time.</summary>
    private void WriteTile(EventRow row, StateWriter to)
    {
        to.BeginTile(row.OccurredDay);
        var cells = new CellReader(to.AllTime);
        while (cells.MoveNext())
            if (_windowed[cells.Slot]) to.Cell(cells.Slot, cells.By, cells.Kind, cells.Payload);
    }

    private sealed class TypePlan
    {
        private readonly Conditions _conditions = new();
        private readonly VocabularyCodes[] _keys;
        private readonly Step[] _steps;

        private readonly record struct Step(int Slot, CellKind Kind, int Condition, ulong Needs, int Key, CellValue? Value);

        public TypePlan(Metric[] metrics)
        {
            var keys = new List<Field>();
            _steps = [.. metrics.Select(m => new Step(m.Slot, MetricCells.KindOf(m), _conditions.Add(m.When), NeedsOf(m), KeyOf(m), MetricCells.ValueOf(m)))];
            _keys = [.. keys.Select(f => new VocabularyCodes(f))];

            int KeyOf(Metric metric)
            {
                if (metric.By is null) return -1;
                if (!keys.Contains(metric.By)) keys.Add(metric.By);
                return keys.IndexOf(metric.By);
            }
        }

        public void WriteCells(EventRow row, StateWriter to)
        {
            Span<sbyte> truths = stackalloc sbyte[_conditions.Slots];
            truths.Clear();
            Span<byte> codes = stackalloc byte[_keys.Length];
            codes.Clear();
            foreach (ref readonly var step in _steps.AsSpan())
            {
                if ((row.Present & step.Needs) != step.Needs) continue;
                if (step.Condition != Conditions.Always && !_conditions.IsTrue(step.Condition, row, truths)) continue;
                var by = 0;
                if (step.Key >= 0)
                {
                    ref var code = ref codes[step.Key];
                    if (code == 0) code = _keys[step.Key].CodeOf(row);
                    by = code;
                }
                if (step.Value is null)
                {
                    to.Header(step.Slot, by, CellKind.Sum);
                    to.Number(1L);
                }
                else step.Value.Write(row, step.Slot, by, step.Kind, to);
            }
        }

        private static ulong NeedsOf(Metric metric) => BitOf(metric.By) | BitOf((metric.Field as FieldRef.Catalogued)?.Field);

        private static ulong BitOf(Field? field) => field is null ? 0 : 1UL << field.Ordinal;
    }
}

/// <summary>A value of a vocabulary field → its code: 1-based place in the vocabulary, (other) behind the last.</summary>
internal sealed class VocabularyCodes
{
    private readonly int _ordinal;
    private readonly byte[][] _values;

    public VocabularyCodes(Field field)
    {
        if (field.Vocabulary is not { Count: < byte.MaxValue } vocabulary) throw new InvalidOperationException($"{field.Name} has no vocabulary of at most {byte.MaxValue - 1} values");
        _ordinal = field.Ordinal;
        _values = [.. vocabulary.Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>The field must be present.</summary>
    public byte CodeOf(EventRow row)
    {
        var text = row.Text(_ordinal);
        for (var i = 0; i < _values.Length; i++)
            if (text.SequenceEqual(_values[i])) return (byte)(i + 1);
        return (byte)(_values.Length + 1);
    }
}
