using System.Globalization;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using Lambda.Warehouse.Client;

namespace Lambda.Warehouse.Population;

/// <summary>
/// Questions about the population as SQL. Expressions are emitted by the language's own compiler over columns brought back to the units it computes in, so that
/// they mean here what they mean in a segment. What a caller wrote gets in as names that were resolved and as literals that the compiler escapes, never as text.
/// </summary>
internal static class PopulationSql
{
    /// <summary>Customer id, partition, epoch, applied, day; the segments if asked for; the columns; the sort keys.</summary>
    public static string Search(PopulationQuery query)
    {
        var column = ColumnOf(query.Definition);
        var keys = query.OrderBy.Select((k, i) => (Name: string.Create(CultureInfo.InvariantCulture, $"Sort{i}"), Key: k)).ToList(); // no output begins with a capital
        string[] shown =
        [
            "customer_id", "partition", "epoch", "applied", Today,
            .. query.WithSegments ? ["segments"] : Array.Empty<string>(),
            .. query.Columns.Select(c => column(c.Index)),
            .. keys.Select(k => $"CAST({AnswerSql.Emit(k.Key.Value, column, Today)}, 'Nullable({UnitOf(k.Key.Value.Type.Scalar)})') AS {k.Name}"),
        ];
        string[] order = [.. keys.Select(k => $"{k.Name} {(k.Key.Descending ? "DESC" : "ASC")} NULLS {(k.Key.NullsFirst ? "FIRST" : "LAST")}"), "customer_id"];
        return $"""
            SELECT {string.Join(",\n    ", shown)}
            FROM {PopulationTable.NameOf(query.Definition)} FINAL
            WHERE {Condition(query.Definition, query.Where)}
            ORDER BY {string.Join(", ", order)}
            LIMIT {query.Limit.ToString(CultureInfo.InvariantCulture)}
            """;
    }

    public static string Count(ViewDefinition definition, Expr? where) =>
        $"SELECT count() FROM {PopulationTable.NameOf(definition)} FINAL WHERE {Condition(definition, where)}";

    public static string Summary(ViewDefinition definition) =>
        $"SELECT count(), min(epoch), min({Today}) FROM {PopulationTable.NameOf(definition)} FINAL";

    /// <summary>For people and their tools: columns as the table has them, under the definition's names. Parameters: from, to.</summary>
    public static string Export(PopulationExport export)
    {
        var columns = export.Columns.Select(c => ShownAs(c, c.Name));
        if (export.WithSegments) columns = columns.Append("segments");
        return $$"""
            SELECT {{string.Join(",\n    ", columns.Prepend("customer_id"))}}
            FROM {{PopulationTable.NameOf(export.Definition)}} FINAL
            WHERE customer_id >= {from:String} AND ({to:String} = '' OR customer_id < {to:String}) AND {{Condition(export.Definition, export.Where)}}
            FORMAT {{FormatOf(export.Format)}}
            """;
    }

    /// <summary>One row, its customers and a sample of their ids, ascending.</summary>
    public static string Samples(ViewDefinition definition) =>
        $"SELECT count(), arraySort(groupArraySample(10000, 1)(customer_id)) FROM {PopulationTable.NameOf(definition)}";

    private const string Today = "toInt32(as_of)";

    private static string FormatOf(ExportFormat format) => format switch
    {
        ExportFormat.Ndjson => "JSONEachRow",
        ExportFormat.Csv => "CSVWithNames",
        ExportFormat.Parquet => "Parquet",
        _ => throw new InvalidOperationException($"format {format}"),
    };

    private static string Condition(ViewDefinition definition, Expr? where) =>
        where is null ? "1" : AnswerSql.EmitCondition(where, ColumnOf(definition), Today);

    private static Func<int, string> ColumnOf(ViewDefinition definition)
    {
        var columns = PopulationColumns.Of(definition).All;
        return i => InUnits(columns[i]);
    }

    private static string ShownAs(OutputColumn column, string name)
    {
        var stored = Stored(column);
        return stored == Names.Quote(name) ? stored : $"{stored} AS {Names.Quote(name)}";
    }

    /// <summary>The column as the table has it.</summary>
    private static string Stored(OutputColumn column) => column.Kind switch
    {
        OutputKind.CustomerId => "customer_id",
        OutputKind.Segment => $"has(segments, {Literal(column.Name)})",
        _ => Names.Quote(PopulationTable.ColumnOf(column)),
    };

    /// <summary>In the language's units: decimals × 10^6, days and microseconds since 1970.</summary>
    private static string InUnits(OutputColumn column)
    {
        var stored = Stored(column);
        var convert = column.Type.Scalar switch
        {
            ScalarType.Decimal => "reinterpretAsInt128",
            ScalarType.Day => "toInt32",
            ScalarType.Instant => "toUnixTimestamp64Micro",
            _ => null,
        };
        if (convert is null) return stored;
        return column.Type.ByKey ? $"mapApply((k, v) -> (k, {convert}(v)), {stored})" : $"{convert}({stored})";
    }

    /// <summary>What the language's values are in SQL.</summary>
    private static string UnitOf(ScalarType type) => type switch
    {
        ScalarType.Decimal => "Int128",
        ScalarType.Text => "String",
        ScalarType.Bool => "UInt8",
        ScalarType.Day => "Int32",
        _ => "Int64",
    };

    /// <summary>A segment's name: letters, digits and underscores.</summary>
    private static string Literal(string name) => $"'{name}'";
}
