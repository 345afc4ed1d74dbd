using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>How one value of a state column lies in RowBinary, and its ClickHouse type.</summary>
internal enum ColumnShape { UInt8, Int32, Int64, UInt64, Int128, UInt128, Int256, String }

/// <summary>One column of the recompute's rows.</summary>
internal sealed record StateColumn(string Name, string Sql, ColumnShape Shape, bool IsArray)
{
    public string Type => IsArray ? $"Array({Shape})" : Shape.ToString();
}

/// <summary>
/// The events that one condition lets through, column by column and event by event, one customer's in one row: what tiles and keyed metrics are added up from.
/// </summary>
/// <param name="AllTime">Holds events of every day, not only those whose tiles are kept.</param>
internal sealed record EventList(string Condition, bool AllTime, int Day, int OccurredAt, int Offset);

/// <summary>Where one metric's parts stand among the columns; -1 where it has none.</summary>
internal sealed record MetricColumns(Metric Metric, CellKind Kind, int Count, int Value, int Order, int List, int ListValue, int ListKey);

/// <summary>
/// What the recompute selects: per condition and field one aggregate, shared by all metrics that need it. All-time results without keys are aggregated by
/// the warehouse. Tiles and keyed results come as lists of the counted events: ClickHouse's map aggregates cost 5 to 10 times as much as its
/// arrays (docs/adr/0002-recompute-sql.md), and a day's tile of a customer mostly holds one event anyway.
/// </summary>
internal sealed class RecomputePlan
{
    public const string Day = "_day", Order = "_order";

    private readonly Dictionary<string, string> _names = [];
    private readonly List<StateColumn> _columns = [];
    private readonly List<EventList> _lists = [];
    private readonly List<(string Name, string Sql)> _inner = [];

    public RecomputePlan(ViewDefinition definition)
    {
        Metric[] metrics = [.. definition.Metrics.OrderBy(m => m.Slot)];
        var keyed = metrics.Where(m => m.By is not null).Select(Counted).ToHashSet();
        Metrics = [.. metrics.Select(m => Place(m, keyed))];
    }

    public IReadOnlyList<StateColumn> Columns => _columns;
    public IReadOnlyList<EventList> Lists => _lists;

    /// <summary>Named expressions over raw events, for the inner select.</summary>
    public IReadOnlyList<(string Name, string Sql)> Inner => _inner;

    /// <summary>By slot.</summary>
    public IReadOnlyList<MetricColumns> Metrics { get; }

    private MetricColumns Place(Metric metric, HashSet<string> keyed)
    {
        var kind = MetricCells.KindOf(metric);
        var list = metric.By is null && metric.WindowDays.Count == 0 ? -1 : ListOf(Counted(metric), keyed.Contains(Counted(metric)), kind.IsStamped());
        var inList = list < 0 ? "" : Name("_c", InList(_lists[list]));
        var value = metric.Field is null ? "" : Name("_v", EventSql.EmitValue(metric.Field));
        var place = new MetricColumns(metric, kind, -1, -1, -1, list,
            list < 0 || metric.Field is null ? -1 : Column($"groupArrayIf({value}, {inList})", ShapeOf(metric.Field.Type), isArray: true),
            list < 0 || metric.By is null ? -1 : Column($"groupArrayIf({Name("_k", CodeOf(metric.By))}, {inList})", ColumnShape.UInt8, isArray: true));
        if (metric.By is not null) return place;

        var condition = Name("_c", Counted(metric));
        if (kind.ElementBytes() > 0) return place with { Value = Column($"groupUniqArrayIf({value}, {condition})", ShapeOf(metric.Field!.Type), isArray: true) };
        place = place with { Count = Column($"countIf({condition})", ColumnShape.UInt64) };
        return metric.Aggregate switch
        {
            Aggregate.Count => place,
            Aggregate.Sum when metric.Field!.Type == ScalarType.Decimal => place with { Value = Column($"sumIf(toInt256({value}), {condition})", ColumnShape.Int256) },
            Aggregate.Sum => place with { Value = Column($"sumIf(toInt128({value}), {condition})", ColumnShape.Int128) },
            Aggregate.Min or Aggregate.Max => place with { Value = Column($"{(metric.Aggregate == Aggregate.Min ? "min" : "max")}If({value}, {condition})", ShapeOf(metric.Field!.Type)) },
            _ => place with
            {
                Order = Column($"{(metric.Aggregate == Aggregate.First ? "min" : "max")}If({Order}, {condition})", ColumnShape.UInt128),
                Value = Column($"{(metric.Aggregate == Aggregate.First ? "argMin" : "argMax")}If({value}, {Order}, {condition})", ShapeOf(metric.Field!.Type)),
            },
        };
    }

    /// <summary>The event is of the metric's types, its `when` is true, and the field is there. The key's presence is left to the key's code.</summary>
    private static string Counted(Metric metric)
    {
        var types = metric.Of.Select(t => Sql.Text(t.Name)).Order(StringComparer.Ordinal).Distinct().ToArray();
        return Sql.And(
            types.Length == 1 ? $"(type = {types[0]})" : $"(type IN ({string.Join(", ", types)}))",
            metric.When is null ? Sql.Always : EventSql.EmitCondition(metric.When, metric.Of),
            metric.Field is null ? Sql.Always : EventSql.EmitPresent(metric.Field, metric.Of));
    }

    private static string InList(EventList list) => list.AllTime ? list.Condition : $"({list.Condition} AND ({Day} > {{last_pruned_day:Int32}}))";

    /// <summary>0 absent, else the vocabulary's code as the fold numbers it.</summary>
    private static string CodeOf(Field by)
    {
        var words = by.Vocabulary!;
        return $"if(bitTest(present, {by.Ordinal}), transform({by.Name}, [{string.Join(", ", words.Select(Sql.Text))}], [{string.Join(", ", words.Select((_, i) => $"toUInt8({i + 1})"))}], toUInt8({words.Count + 1})), toUInt8(0))";
    }

    private int ListOf(string condition, bool allTime, bool stamped)
    {
        var at = _lists.FindIndex(l => l.Condition == condition);
        if (at < 0)
        {
            at = _lists.Count;
            _lists.Add(new EventList(condition, allTime, -1, -1, -1));
            _lists[at] = _lists[at] with { Day = ListColumn(at, Day, ColumnShape.Int32) };
        }
        if (stamped && _lists[at].Offset < 0)
            _lists[at] = _lists[at] with { OccurredAt = ListColumn(at, "occurred_at", ColumnShape.Int64), Offset = ListColumn(at, "offset", ColumnShape.Int64) };
        return at;
    }

    private int ListColumn(int list, string value, ColumnShape shape) => Column($"groupArrayIf({value}, {Name("_c", InList(_lists[list]))})", shape, isArray: true);

    private int Column(string sql, ColumnShape shape, bool isArray = false)
    {
        var at = _columns.FindIndex(c => c.Sql == sql);
        if (at >= 0) return at;
        _columns.Add(new StateColumn($"a{_columns.Count}", sql, shape, isArray));
        return _columns.Count - 1;
    }

    /// <summary>Names an expression of the inner select; a bare column is its own name.</summary>
    private string Name(string prefix, string sql)
    {
        if (sql is "occurred_at" or "event_id") return sql;
        if (_names.TryGetValue(sql, out var name)) return name;
        _names.Add(sql, name = $"{prefix}{_names.Count}");
        _inner.Add((name, sql));
        return name;
    }

    private static ColumnShape ShapeOf(ScalarType type) => type switch
    {
        ScalarType.Int64 or ScalarType.Instant => ColumnShape.Int64,
        ScalarType.Decimal => ColumnShape.Int128,
        ScalarType.Bool => ColumnShape.UInt8,
        ScalarType.Day => ColumnShape.Int32,
        _ => ColumnShape.String,
    };
}
