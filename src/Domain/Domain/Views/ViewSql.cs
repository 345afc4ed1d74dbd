using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>
/// The recompute of a view from all raw events, as ClickHouse SQL: one row per customer that has events, read by <see cref="StateRowReader"/>.
/// Of the copies of an event (customer_id, event_id) the one with the lowest offset counts, and a row stored twice counts once. What lies before the newest
/// erasure of its customer counts for nothing.
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
    /// <param name="erasures">The table of erasures (partition, offset, customer_id); null when the partition has none below the cut, which is said sooner than asked row by row.</param>
    public static string StatesSelect(ViewDefinition definition, string table = "raw_events", string? erasures = null)
    {
        var plan = new RecomputePlan(definition);
        var counted = erasures is null ? Slice : $"{Slice} AND {NotErased(table, erasures)}";
        return Outer(plan, $"""
            {Inner(plan, table)} AND {counted} AND customer_id NOT IN ({Repeating(table, counted)})
                UNION ALL
                {Inner(plan, table)} AND {counted} AND customer_id IN ({Repeating(table, counted)})
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
    public static string CustomerSelect(ViewDefinition definition, string table = "raw_events", string? erasures = null)
    {
        var plan = new RecomputePlan(definition);
        return Outer(plan, $"""
            {Inner(plan, table)} AND customer_id = {"{customer:String}"}{(erasures is null ? "" : $" AND offset >= {CustomerErasedBefore(erasures)}")}
                ORDER BY event_id, offset LIMIT 1 BY event_id
            """);
    }

    /// <summary>The customer's newest erasure below the cut, 0 for none. Parameters: {partition:UInt16}, {customer:String}, {cut:Int64}.</summary>
    public static string CustomerErasedBefore(string erasures) => $$"""
        (SELECT max(offset) FROM {{erasures}} WHERE partition = {partition:UInt16} AND customer_id = {customer:String} AND offset < {cut:Int64})
        """;

    /// <summary>
    /// A condition on rows of one partition below the cut: they lie behind the newest erasure of their customer. The positions that do not are listed, of few
    /// customers and found by the sort key, so that every other row is looked up in a set of numbers. Parameters: {partition:UInt16}, {cut:Int64}.
    /// </summary>
    public static string NotErased(string table, string erasures)
    {
        var known = $"FROM {erasures} WHERE partition = {"{partition:UInt16}"} AND offset < {"{cut:Int64}"}";
        return $"""
            offset NOT IN (SELECT of_erased.offset FROM {table} AS of_erased INNER JOIN (SELECT customer_id, max(offset) AS erased {known} GROUP BY customer_id) AS newest
                ON of_erased.customer_id = newest.customer_id WHERE of_erased.partition = {"{partition:UInt16}"} AND of_erased.customer_id IN (SELECT customer_id {known}) AND of_erased.offset < newest.erased)
            """;
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
    private static string Repeating(string table, string counted) => $$"""
        SELECT customer_id FROM {{table}} WHERE partition = {partition:UInt16} AND offset < {cut:Int64} AND {{counted}} GROUP BY customer_id
                HAVING length(arrayDistinct(groupArray(cityHash64(event_id)) AS ids)) != length(ids) SETTINGS optimize_aggregation_in_order = 1
        """;
}
