using System.Buffers.Binary;
using Lambda.Domain.Bytes;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>How a metric lies in the cells: its kind, and what of an event goes into one.</summary>
internal static class MetricCells
{
    public static CellKind KindOf(Metric metric)
    {
        var text = metric.Field?.Type == ScalarType.Text;
        return metric.Aggregate switch
        {
            Aggregate.Count or Aggregate.Sum => CellKind.Sum,
            Aggregate.Min => text ? CellKind.MinText : CellKind.MinNumber,
            Aggregate.Max => text ? CellKind.MaxText : CellKind.MaxNumber,
            Aggregate.First => text ? CellKind.FirstText : CellKind.FirstNumber,
            Aggregate.Latest => text ? CellKind.LatestText : CellKind.LatestNumber,
            Aggregate.Distinct => text || metric.Field!.Type == ScalarType.Decimal ? CellKind.DistinctWide : CellKind.DistinctInt64,
            _ => throw new InvalidOperationException($"aggregate {metric.Aggregate} has no cell"),
        };
    }

    /// <summary>Null for counts, whose cells hold a one.</summary>
    public static CellValue? ValueOf(Metric metric)
    {
        if (metric.Aggregate == Aggregate.Count) return null;
        var field = metric.Field!;
        var node = EventFields.Read(field);
        return (field, field.Type) switch
        {
            (FieldRef.Catalogued { Field.Ordinal: var ordinal }, ScalarType.Text) => new CellValue.TextField(ordinal),
            (FieldRef.Catalogued { Field.Ordinal: var ordinal }, not ScalarType.Decimal) => new CellValue.NumberField(ordinal),
            (_, ScalarType.Decimal) => new CellValue.OfDecimal(node.Decimal),
            (_, ScalarType.Text) => new CellValue.OfText(node.Text),
            (_, ScalarType.Bool) => new CellValue.OfBool(node.Bool),
            _ => new CellValue.OfNumber(node.Long),
        };
    }
}

/// <summary>Writes the cell of one event's value; nothing where the event has none.</summary>
internal abstract class CellValue
{
    private CellValue() { }

    public abstract void Write(EventRow row, int slot, int by, CellKind kind, StateWriter to);

    private static Frame FrameOf(EventRow row) => new(row, [], [], 0);

    private static void WriteNumber(EventRow row, long value, int slot, int by, CellKind kind, StateWriter to)
    {
        Start(row, slot, by, kind, to);
        if (kind != CellKind.DistinctInt64)
        {
            to.Number(value);
            return;
        }
        to.Varint64(1);
        Elements.WriteInt64(to.Reserve(8), value);
        to.Advance(8);
    }

    private static void WriteText(EventRow row, ReadOnlySpan<byte> text, int slot, int by, CellKind kind, StateWriter to)
    {
        Start(row, slot, by, kind, to);
        if (kind != CellKind.DistinctWide)
        {
            to.Varint64((ulong)text.Length);
            to.Raw(text);
            return;
        }
        to.Varint64(1);
        BinaryPrimitives.WriteUInt128LittleEndian(to.Reserve(16), SipHash128.Hash(text));
        to.Advance(16);
    }

    private static void Start(EventRow row, int slot, int by, CellKind kind, StateWriter to)
    {
        to.Header(slot, by, kind);
        if (kind.IsStamped()) to.Stamp(row.OccurredAtMicros, row.Offset);
    }

    public sealed class NumberField(int ordinal) : CellValue
    {
        public override void Write(EventRow row, int slot, int by, CellKind kind, StateWriter to) => WriteNumber(row, row.Number(ordinal), slot, by, kind, to);
    }

    public sealed class TextField(int ordinal) : CellValue
    {
        public override void Write(EventRow row, int slot, int by, CellKind kind, StateWriter to) => WriteText(row, row.Text(ordinal), slot, by, kind, to);
    }

    public sealed class OfNumber(LongFn read) : CellValue
    {
        public override void Write(EventRow row, int slot, int by, CellKind kind, StateWriter to)
        {
            if (read(FrameOf(row), out var value)) WriteNumber(row, value, slot, by, kind, to);
        }
    }

    public sealed class OfBool(BoolFn read) : CellValue
    {
        public override void Write(EventRow row, int slot, int by, CellKind kind, StateWriter to)
        {
            var truth = read(FrameOf(row));
            if (truth != Truth.Null) WriteNumber(row, truth == Truth.True ? 1 : 0, slot, by, kind, to);
        }
    }

    public sealed class OfText(TextFn read) : CellValue
    {
        public override void Write(EventRow row, int slot, int by, CellKind kind, StateWriter to)
        {
            ScratchText.Reset();
            if (read(FrameOf(row), out var text)) WriteText(row, text.Span, slot, by, kind, to);
        }
    }

    public sealed class OfDecimal(DecimalFn read) : CellValue
    {
        public override void Write(EventRow row, int slot, int by, CellKind kind, StateWriter to)
        {
            if (!read(FrameOf(row), out var scaled)) return;
            Start(row, slot, by, kind, to);
            if (kind != CellKind.DistinctWide)
            {
                to.Number((WideSum)scaled);
                return;
            }
            to.Varint64(1);
            Elements.WriteDecimal(to.Reserve(16), scaled);
            to.Advance(16);
        }
    }
}
