using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Native;

namespace Lambda.Warehouse.Population;

/// <summary>
/// The table of finished rows under one definition: its columns are the definition's outputs and the estimates it names. An output that bears the name of a column of the table's own
/// gets an underscore behind it.
/// </summary>
internal static class PopulationTable
{
    private static readonly string[] Own = ["customer_id", "partition", "epoch", "applied", "as_of", "segments", "stamp", "gone"];

    public static string NameOf(ViewDefinition definition) => $"customer_current_{definition.Hash[..8]}";

    public static string ColumnOf(OutputColumn output) => Own.Contains(output.Name) ? output.Name + "_" : output.Name;

    /// <summary>The columns that a definition gives the table.</summary>
    public static IEnumerable<OutputColumn> ColumnsOf(ViewDefinition definition) => definition.Outputs.Concat(PopulationColumns.Of(definition).Estimates);

    /// <summary>
    /// Of a customer's rows the one with the highest stamp counts. Epoch, applied position and day each never decrease for a customer, nor for those who are one
    /// person with it, so their sum increases strictly whenever anything changed: one number orders the rows as all of them together do. Whom it is one person with goes
    /// before that, for fewer members add up to less. A row that is `gone` hides those before it, and FINAL leaves it out itself.
    /// </summary>
    public static Int128 StampOf(PopulationRow row) => ((Int128)row.Linked << 64) + row.Epoch + row.Applied + row.OthersAt + row.Answer.AsOfDay;

    public const string StampType = "UInt128";

    public static string Ddl(ViewDefinition definition) => Ddl(definition, NameOf(definition));

    public static string Ddl(ViewDefinition definition, string table) => $"""
        CREATE TABLE IF NOT EXISTS {table}
        (
            customer_id String,
            {string.Concat(ColumnsOf(definition).Select(o => $"{Names.Quote(ColumnOf(o))} {TypeOf(o)},\n    "))}
            segments Array(LowCardinality(String)),
            partition UInt16,
            epoch Int64,
            applied Int64,
            as_of Date32,
            stamp {StampType},
            gone UInt8
        )
        ENGINE = ReplacingMergeTree(stamp, gone) ORDER BY customer_id
        SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0, min_level_for_wide_part = 1
        """;

    private static string TypeOf(OutputColumn output) =>
        output.Type.ByKey ? $"Map(LowCardinality(String), {ScalarTypeOf(output.Type.Scalar)})" : $"Nullable({ScalarTypeOf(output.Type.Scalar)})";

    public static string ScalarTypeOf(ScalarType type) => type switch
    {
        ScalarType.Int64 => "Int64",
        ScalarType.Decimal => "Decimal(38, 6)",
        ScalarType.Text => "String",
        ScalarType.Bool => "Bool",
        ScalarType.Day => "Date32",
        ScalarType.Instant => "DateTime64(6, 'UTC')",
        _ => throw new InvalidOperationException($"no column type for {type}"),
    };
}

/// <summary>Finished rows as columns of <see cref="PopulationTable"/>.</summary>
internal sealed class PopulationBlock : IDisposable
{
    private readonly ViewDefinition _definition;
    private readonly byte[][] _segmentNames;
    private readonly TextColumn _customerId = new("customer_id"), _segment = new("segment");
    private readonly NestedColumn _segments;
    private readonly NumberColumn _partition = new("partition", "UInt16", 2), _epoch = new("epoch", "Int64", 8), _applied = new("applied", "Int64", 8);
    private readonly NumberColumn _asOf = new("as_of", "Date32", 4), _stamp = new("stamp", PopulationTable.StampType, 16), _gone = new("gone", "UInt8", 1);
    private readonly OutputWriter[] _outputs, _estimates;

    public PopulationBlock(ViewDefinition definition)
    {
        _definition = definition;
        _segmentNames = [.. definition.Segments.Select(s => Encoding.UTF8.GetBytes(s.Name))];
        _segments = new NestedColumn("segments", "Array(String)", _segment);
        _outputs = [.. definition.Outputs.Select(OutputWriter.Of)];
        _estimates = [.. PopulationColumns.Of(definition).Estimates.Select(OutputWriter.Of)];
        Block = new NativeBlock([_customerId, .. _outputs.Concat(_estimates).Select(o => o.Column), _segments, _partition, _epoch, _applied, _asOf, _stamp, _gone]);
    }

    public NativeBlock Block { get; }

    public void Add(PopulationRow source)
    {
        var row = Block.Rows;
        var answer = source.Answer;
        if (answer.Definition.Hash != _definition.Hash)
            throw new ArgumentException($"customer {source.Customer}: an answer under {answer.Definition.Hash[..8]} among rows of {_definition.Hash[..8]}");
        _customerId.Set(row, source.Customer.Utf8);
        for (var i = 0; i < _outputs.Length; i++) _outputs[i].Set(row, answer.Scalars[i], answer.Maps[i]);
        for (var i = 0; i < source.Estimates.Length; i++) _estimates[i].Set(row, source.Estimates[i], null);
        AddSegments(row, answer.Segments);
        _partition.Set(row, source.Partition);
        _epoch.Set(row, source.Epoch);
        _applied.Set(row, source.Applied);
        _asOf.Set(row, OutputWriter.WithinDate32(answer.AsOfDay));
        _stamp.Set(row, PopulationTable.StampOf(source));
        if (source.IsGone) _gone.Set(row, 1);
        Block.Rows = row + 1;
    }

    public void Dispose() => Block.Dispose();

    private void AddSegments(int row, bool[] member)
    {
        var any = false;
        for (var i = 0; i < member.Length; i++)
        {
            if (!member[i]) continue;
            any = true;
            _segment.Set(_segments.Elements, _segmentNames[i]);
            _segments.Next();
        }
        if (any) _segments.End(row);
    }
}
