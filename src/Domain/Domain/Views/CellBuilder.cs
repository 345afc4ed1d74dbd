using System.Buffers.Binary;
using Lambda.Domain.Bytes;
using Lambda.Domain.Events;

namespace Lambda.Domain.Views;

/// <summary>Writes the cell of one metric from a row's columns.</summary>
internal sealed class CellBuilder(RecomputePlan plan, StateRow columns, StateWriter to)
{
    private const ulong SignBit = 1UL << 63;

    private UInt128[] _elements = new UInt128[32];
    private int[] _sorted = new int[32];

    /// <summary>A metric without keys, all time: the warehouse has aggregated it.</summary>
    public void WriteAggregated(ReadOnlySpan<byte> row, MetricColumns metric)
    {
        var kind = metric.Kind;
        if (kind.ElementBytes() is > 0 and var width)
        {
            var count = columns.Count(metric.Value);
            if (count == 0) return;
            Room(count);
            for (var i = 0; i < count; i++) _elements[i] = ElementOf(row, metric, metric.Value, i);
            to.Header(metric.Metric.Slot, 0, kind);
            WriteElements(count, width);
            return;
        }
        var events = columns.Int64(row, metric.Count, 0);
        if (events == 0) return;
        to.Header(metric.Metric.Slot, 0, kind);
        if (kind.IsStamped())
        {
            var order = columns.Scalar(row, metric.Order);
            to.Stamp((long)(BinaryPrimitives.ReadUInt64LittleEndian(order[8..]) ^ SignBit), BinaryPrimitives.ReadInt64LittleEndian(order));
        }
        if (metric.Value < 0) to.Number(events);
        else if (kind.IsText()) WriteText(columns.Text(row, metric.Value, 0));
        else if (metric.Metric.Aggregate == Aggregate.Sum) WriteSum(columns.Scalar(row, metric.Value));
        else to.Number((WideSum)columns.Number(row, metric.Value, 0));
    }

    /// <summary>A metric with keys over these events of its list.</summary>
    public void WriteKeyed(ReadOnlySpan<byte> row, MetricColumns metric, ReadOnlySpan<int> events)
    {
        if (events.Length == 1)
        {
            var only = columns.UInt8(row, metric.ListKey, events[0]);
            if (only != 0) WriteListed(row, metric, only, events);
            return;
        }
        Span<int> ends = stackalloc int[metric.Metric.By!.Vocabulary!.Count + 2];
        ends.Clear();
        foreach (var i in events) ends[columns.UInt8(row, metric.ListKey, i)]++;
        for (var code = 1; code < ends.Length; code++) ends[code] += ends[code - 1];
        if (_sorted.Length < events.Length) _sorted = new int[2 * events.Length];
        for (var i = events.Length - 1; i >= 0; i--) _sorted[--ends[columns.UInt8(row, metric.ListKey, events[i])]] = events[i];
        for (var code = 1; code < ends.Length; code++)
        {
            var of = _sorted.AsSpan(ends[code]..(code + 1 < ends.Length ? ends[code + 1] : events.Length));
            if (!of.IsEmpty) WriteListed(row, metric, code, of);
        }
    }

    /// <summary>The cell of these events, at least one.</summary>
    public void WriteListed(ReadOnlySpan<byte> row, MetricColumns metric, int by, ReadOnlySpan<int> events)
    {
        to.Header(metric.Metric.Slot, by, metric.Kind);
        if (metric.Metric.Aggregate == Aggregate.Count) to.Number(events.Length);
        else if (metric.Kind == CellKind.Sum) to.Number(SumOf(row, metric, events));
        else if (metric.Kind.ElementBytes() is > 0 and var width)
        {
            Room(events.Length);
            for (var i = 0; i < events.Length; i++) _elements[i] = ElementOf(row, metric, metric.ListValue, events[i]);
            WriteElements(events.Length, width);
        }
        else
        {
            var best = events[0];
            foreach (var i in events[1..])
                if (Wins(row, metric, i, best)) best = i;
            var list = plan.Lists[metric.List];
            if (metric.Kind.IsStamped()) to.Stamp(columns.Int64(row, list.OccurredAt, best), columns.Int64(row, list.Offset, best));
            if (metric.Kind.IsText()) WriteText(columns.Text(row, metric.ListValue, best));
            else to.Number((WideSum)columns.Number(row, metric.ListValue, best));
        }
    }

    private WideSum SumOf(ReadOnlySpan<byte> row, MetricColumns metric, ReadOnlySpan<int> events)
    {
        WideSum sum = Int128.Zero;
        if (!columns.IsInt64(metric.ListValue))
        {
            foreach (var i in events) sum += columns.Number(row, metric.ListValue, i);
            return sum;
        }
        Int128 narrow = 0; // int64 values: 2^64 of them fit
        foreach (var i in events) narrow += columns.Int64(row, metric.ListValue, i);
        return narrow;
    }

    private bool Wins(ReadOnlySpan<byte> row, MetricColumns metric, int challenger, int best)
    {
        int order;
        if (metric.Kind.IsStamped())
        {
            var list = plan.Lists[metric.List];
            order = (columns.Int64(row, list.OccurredAt, challenger), columns.Int64(row, list.Offset, challenger))
                .CompareTo((columns.Int64(row, list.OccurredAt, best), columns.Int64(row, list.Offset, best)));
        }
        else if (metric.Kind.IsText()) order = columns.Text(row, metric.ListValue, challenger).SequenceCompareTo(columns.Text(row, metric.ListValue, best));
        else order = columns.Number(row, metric.ListValue, challenger).CompareTo(columns.Number(row, metric.ListValue, best));
        return metric.Metric.Aggregate is Aggregate.Min or Aggregate.First ? order < 0 : order > 0;
    }

    /// <summary>An element as the number whose big-endian bytes the cell holds.</summary>
    private UInt128 ElementOf(ReadOnlySpan<byte> row, MetricColumns metric, int column, int i)
    {
        if (metric.Metric.Field!.Type == ScalarType.Text) return BinaryPrimitives.ReverseEndianness(SipHash128.Hash(columns.Text(row, column, i)));
        var number = columns.Number(row, column, i);
        return metric.Kind == CellKind.DistinctInt64 ? (ulong)(long)number ^ SignBit : (UInt128)(number ^ Int128.MinValue);
    }

    private void WriteElements(int count, int width)
    {
        var elements = _elements.AsSpan(0, count);
        elements.Sort();
        var distinct = 1;
        for (var i = 1; i < count; i++)
            if (elements[i] != elements[distinct - 1]) elements[distinct++] = elements[i];
        to.Varint64((ulong)distinct);
        foreach (var element in elements[..distinct])
        {
            if (width == 8) BinaryPrimitives.WriteUInt64BigEndian(to.Reserve(8), (ulong)element);
            else BinaryPrimitives.WriteUInt128BigEndian(to.Reserve(16), element);
            to.Advance(width);
        }
    }

    private void WriteText(ReadOnlySpan<byte> text)
    {
        to.Varint64((ulong)text.Length);
        to.Raw(text);
    }

    private void WriteSum(ReadOnlySpan<byte> value)
    {
        if (value.Length == 16) to.Number((WideSum)BinaryPrimitives.ReadInt128LittleEndian(value));
        else to.Number(new WideSum(BinaryPrimitives.ReadInt128LittleEndian(value[8..]), BinaryPrimitives.ReadUInt64LittleEndian(value)));
    }

    private void Room(int elements)
    {
        if (_elements.Length < elements) _elements = new UInt128[2 * elements];
    }
}
