using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>
/// The recompute of a view from all raw events, as ClickHouse SQL: one row per customer that has events, read by <see cref="StateRowReader"/>.
/// Of the copies of an event (customer_id, event_id) the one with the lowest offset counts, and a row stored twice counts once.
/// </summary>
public static class ViewSql
{
    /// <summary>Columns behind customer_id, in order, with their ClickHouse types: for a table that keeps the rows.</summary>
    public static IReadOnlyList<(string Name, string Type)> StateColumns(ViewDefinition definition) => [.. new RecomputePlan(definition).Columns.Select(c => (c.Name, c.Type))];

    /// <summary>
    /// One partition: customer_id String, then <see cref="StateColumns"/>, in no order. Parameters: {partition:UInt16}, {cut:Int64} (events with a lower offset
    /// count), {last_pruned_day:Int32} (tiles of later days only), {from:String} and {to:String} (customers from … up to, '' = to the end): the query's memory
    /// grows with the customers in it, so a large partition is computed slice by slice (<see cref="SlicesSelect"/>).
    /// </summary>
    public static string StatesSelect(ViewDefinition definition, string table = "raw_events")
    {
        var plan = new RecomputePlan(definition);
        return Outer(plan, $"""
            {Inner(plan, table)} AND {Slice} AND customer_id NOT IN ({Repeating(table)})
                UNION ALL
                {Inner(plan, table)} AND {Slice} AND customer_id IN ({Repeating(table)})
                ORDER BY customer_id, event_id, offset LIMIT 1 BY customer_id, event_id
            """);
    }

    /// <summary>
    /// Where to cut a partition: one row, events UInt64 and the customers of 4,000 random events, ascending, Array(String). Parameters:
    /// {partition:UInt16}, {cut:Int64}.
    /// </summary>
    public static string SlicesSelect(string table = "raw_events") => $$"""
        SELECT count(), arraySort(groupArraySample({{SamplesMax}}, 1)(customer_id)) FROM {{table}} WHERE partition = {partition:UInt16} AND offset < {cut:Int64}
        """;

    /// <summary>Slices of about <see cref="SliceEvents"/> events, as (from, to) of <see cref="StatesSelect"/>: every customer is in exactly one.</summary>
    /// <param name="samples">As <see cref="SlicesSelect"/> gives them.</param>
    public static IReadOnlyList<(string From, string To)> Slices(long events, IReadOnlyList<string> samples)
    {
        var count = Math.Min(samples.Count, (events + SliceEvents - 1) / SliceEvents);
        string[] bounds = [.. Enumerable.Range(1, (int)Math.Max(0, count - 1)).Select(i => samples[(int)(i * samples.Count / count)]).Distinct()];
        return [.. bounds.Prepend("").Zip(bounds.Append(""))];
    }

    /// <summary>Some 300 MB of memory under a definition of 50 metrics.</summary>
    public const long SliceEvents = 500_000;

    private const int SamplesMax = 4_000;

    private const string Slice = "customer_id >= {from:String} AND ({to:String} = '' OR customer_id < {to:String})";

    /// <summary>One customer: the same, with {customer:String} besides. No row when it has no event.</summary>
    public static string CustomerSelect(ViewDefinition definition, string table = "raw_events")
    {
        var plan = new RecomputePlan(definition);
        return Outer(plan, $"""
            {Inner(plan, table)} AND customer_id = {"{customer:String}"}
                ORDER BY event_id, offset LIMIT 1 BY event_id
            """);
    }

    private static string Outer(RecomputePlan plan, string events) => $"""
        SELECT
            {string.Join(",\n    ", plan.Columns.Select(c => $"{c.Sql} AS {c.Name}").Prepend("customer_id"))}
        FROM
        (
            {events.ReplaceLineEndings("\n    ")}
        )
        GROUP BY customer_id
        """;

    private static string Inner(RecomputePlan plan, string table)
    {
        string[] columns =
        [
            "customer_id", "event_id", "offset", "occurred_at",
            $"{EventSql.EmitValue(new FieldRef.OccurredDay())} AS {RecomputePlan.Day}",
            // (occurred_at, offset) as one number: argMax over a tuple costs three times as much.
            $"bitOr(bitShiftLeft(toUInt128(bitXor(reinterpretAsUInt64(occurred_at), 9223372036854775808)), 64), toUInt128(offset)) AS {RecomputePlan.Order}",
            .. plan.Inner.Select(e => $"{e.Sql} AS {e.Name}"),
        ];
        return $$"""
            SELECT {{string.Join(",\n        ", columns)}}
                FROM {{table}}
                WHERE partition = {partition:UInt16} AND offset < {cut:Int64}
            """;
    }

    /// <summary>
    /// Customers with an event stored more than once: rare, so only theirs are sorted and thinned out. In key order it holds one customer at a time, and
    /// hashes suffice: equal ids have equal hashes, and a customer caught by two unequal ones is merely thinned out in vain.
    /// </summary>
    private static string Repeating(string table) => $$"""
        SELECT customer_id FROM {{table}} WHERE partition = {partition:UInt16} AND offset < {cut:Int64} AND {{Slice}} GROUP BY customer_id
                HAVING length(arrayDistinct(groupArray(cityHash64(event_id)) AS ids)) != length(ids) SETTINGS optimize_aggregation_in_order = 1
        """;
}
