namespace Lambda.Domain.Views;

/// <summary>
/// Rows of <see cref="ViewSql.StatesSelect"/>, in RowBinary behind the customer's id, to states: bit for bit those that folding the same distinct events
/// gives. Reused for row after row, not thread-safe.
/// </summary>
public sealed class StateRowReader
{
    private readonly RecomputePlan _plan;
    private readonly StateRow _row;
    private readonly MetricColumns[] _windowed;
    private readonly int _lastPrunedDay;
    private readonly EventsByDay[] _events; // by list
    private readonly StateWriter _writer = new();
    private readonly CellBuilder _cells;

    /// <param name="lastPrunedDay">As given to the query.</param>
    public StateRowReader(ViewDefinition definition, int lastPrunedDay)
    {
        _plan = new RecomputePlan(definition);
        _row = new StateRow(_plan.Columns);
        _windowed = [.. _plan.Metrics.Where(m => m.Metric.WindowDays.Count > 0)];
        _events = [.. _plan.Lists.Select(_ => new EventsByDay())];
        _cells = new CellBuilder(_plan, _row, _writer);
        _lastPrunedDay = lastPrunedDay;
    }

    /// <summary>False when the row goes on behind these bytes: call again with more of them.</summary>
    /// <param name="used">Bytes of the row.</param>
    /// <exception cref="InvalidDataException">These are not the columns selected.</exception>
    public bool TryRead(ReadOnlySpan<byte> bytes, out int used, out State state)
    {
        if (!_row.TryLocate(bytes, out used))
        {
            state = new State();
            return false;
        }
        var row = bytes[..used];
        for (var i = 0; i < _events.Length; i++) _events[i].Load(_row, row, _plan.Lists[i], _lastPrunedDay);
        _writer.Begin();
        foreach (var metric in _plan.Metrics)
        {
            if (metric.Metric.By is null) _cells.WriteAggregated(row, metric);
            else _cells.WriteKeyed(row, metric, _events[metric.List].All);
        }
        WriteTiles(row);
        state = State.FromTrusted(_writer.End());
        return true;
    }

    private void WriteTiles(ReadOnlySpan<byte> row)
    {
        while (true)
        {
            var day = long.MaxValue;
            foreach (var events in _events) day = Math.Min(day, events.NextDay);
            if (day == long.MaxValue) return;
            foreach (var events in _events) events.MoveTo((int)day);
            _writer.BeginTile((int)day);
            foreach (var metric in _windowed)
            {
                var events = _events[metric.List].OfDay;
                if (events.IsEmpty) continue;
                if (metric.Metric.By is null) _cells.WriteListed(row, metric, 0, events);
                else _cells.WriteKeyed(row, metric, events);
            }
        }
    }
}

/// <summary>The events of one list, walked day by day, as indexes into its columns.</summary>
internal sealed class EventsByDay
{
    private int[] _days = new int[16];
    private int[] _indexes = new int[16];
    private int[] _all = [];
    private int _count, _allCount, _start, _end;

    /// <summary>Every event, in the list's order.</summary>
    public ReadOnlySpan<int> All => _all.AsSpan(0, _allCount);

    /// <summary>The events of the day moved to.</summary>
    public ReadOnlySpan<int> OfDay => _indexes.AsSpan(_start, _end - _start);

    /// <summary><see cref="long.MaxValue"/> at the end.</summary>
    public long NextDay => _end < _count ? _days[_end] : long.MaxValue;

    public void Load(StateRow columns, ReadOnlySpan<byte> row, EventList list, int lastPrunedDay)
    {
        var count = columns.Count(list.Day);
        if (count > _days.Length) (_days, _indexes) = (new int[2 * count], new int[2 * count]);
        (_start, _end, _count) = (0, 0, 0);
        for (var i = 0; i < count; i++)
        {
            var day = columns.Int32(row, list.Day, i);
            if (day > lastPrunedDay) (_days[_count], _indexes[_count++]) = (day, i);
        }
        if (_count > 1) _days.AsSpan(0, _count).Sort(_indexes.AsSpan(0, _count));
        _allCount = list.AllTime ? count : 0;
        if (_allCount > _all.Length) _all = [.. Enumerable.Range(0, 2 * _allCount)];
    }

    public void MoveTo(int day)
    {
        _start = _end;
        while (_end < _count && _days[_end] == day) _end++;
    }
}
