using Lambda.Domain.Events;

namespace Lambda.Warehouse.Schema;

/// <summary>A column of raw_events.</summary>
/// <param name="Codec">Empty: the server's default, LZ4.</param>
public sealed record RawColumn(string Name, string Type, string Codec = "")
{
    public string Ddl => $"{Client.Names.Quote(Name)} {Type}{(Codec.Length > 0 ? $" CODEC({Codec})" : "")}";
}

/// <summary>
/// The columns of raw_events, generated from the catalogue: a field added there gets its column at the next start. No column is Nullable: what is
/// present stands in `present`, bit by ordinal, and an absent field holds its type's default, which costs next to nothing to write and to read.
/// </summary>
public static class RawEventColumns
{
    public const string Table = "raw_events";

    /// <summary>Standing before the fields.</summary>
    public static readonly IReadOnlyList<RawColumn> Head =
    [
        new("partition", "UInt16"),
        new("offset", "Int64", "Delta, LZ4"),
        new("appended_at", "Int64", "Delta, LZ4"), // ms
        new("type", "LowCardinality(String)"),
        new("customer_id", "String"),
        new("event_id", "String"),
        new("occurred_at", "Int64", "Delta, LZ4"), // µs
        new("content_hash", "UInt64"),
        new("present", "UInt64"),
    ];

    /// <summary>Standing after the fields.</summary>
    public static readonly IReadOnlyList<RawColumn> Tail =
    [
        new("extras", "Map(LowCardinality(String), String)"), // value: one of n s t f, then the text
        new("body", "String", "ZSTD(1)"),
    ];

    public static IReadOnlyList<RawColumn> All { get; } = [.. Head, .. EventCatalog.Fields.Select(Of), .. Tail];

    public static string Ddl => string.Join(",\n    ", All.Select(c => c.Ddl));

    /// <summary>What the view `events` shows: absent fields as NULL, times and amounts in types an analyst expects.</summary>
    public static string ViewSelect => string.Join(",\n    ",
        [
            "customer_id", "event_id", "toString(raw_events.type) AS type", "fromUnixTimestamp64Micro(raw_events.occurred_at, 'UTC') AS occurred_at",
            .. EventCatalog.Fields.Select(f => $"if(bitTest(present, {f.Ordinal}), {Shown(f)}, NULL) AS {Client.Names.Quote(f.Name)}"),
            "extras", "body", "fromUnixTimestamp64Milli(raw_events.appended_at, 'UTC') AS appended_at", "partition", "offset",
        ]);

    private static RawColumn Of(Field field) => new(field.Name, field.Type switch
    {
        ScalarType.Int64 or ScalarType.Instant => "Int64",
        ScalarType.Decimal => "Int128",
        ScalarType.Bool => "UInt8",
        ScalarType.Day => "Int32",
        ScalarType.Text => field.Vocabulary is null ? "String" : "LowCardinality(String)",
        _ => throw new InvalidOperationException($"no column type for {field.Type}"),
    });

    private static string Shown(Field field)
    {
        var column = $"{RawEventColumns.Table}.{Client.Names.Quote(field.Name)}";
        return field.Type switch
        {
            ScalarType.Decimal => $"toDecimal128({column}, 6) / 1000000",
            ScalarType.Bool => $"{column} != 0",
            ScalarType.Day => $"addDays(toDate32('1970-01-01'), {column})",
            ScalarType.Instant => $"fromUnixTimestamp64Micro({column}, 'UTC')",
            ScalarType.Text => $"toString({column})",
            _ => column,
        };
    }
}
