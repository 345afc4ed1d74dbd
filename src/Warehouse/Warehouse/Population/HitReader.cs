using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using Lambda.Warehouse.Client;

namespace Lambda.Warehouse.Population;

/// <summary>Reads the rows of <see cref="PopulationSql.Search"/>.</summary>
internal sealed class HitReader(PopulationQuery query)
{
    private readonly Dictionary<string, int>?[] _keys = [.. query.Columns.Select(c => c.Keys?.Select((k, i) => (k, i)).ToDictionary(k => k.k, k => k.i))];

    public PopulationHit Read(ref RowBinaryReader row)
    {
        var customer = new CustomerId(row.Bytes());
        var (partition, epoch, applied, day) = (row.UInt16(), row.Int64(), row.Int64(), row.Int32());
        var segments = query.WithSegments ? Texts(ref row) : [];
        var scalars = new Value[query.Columns.Count];
        var maps = new Value[]?[query.Columns.Count];
        for (var i = 0; i < scalars.Length; i++)
        {
            var column = query.Columns[i];
            if (column.Type.ByKey) maps[i] = Map(ref row, column, _keys[i]!);
            else scalars[i] = Scalar(ref row, column.Type.Scalar, column.Kind is OutputKind.Metric or OutputKind.Derived or OutputKind.Estimate);
        }
        var sort = new Value[query.OrderBy.Count];
        for (var i = 0; i < sort.Length; i++) sort[i] = Scalar(ref row, query.OrderBy[i].Value.Type.Scalar, nullable: true);
        return new PopulationHit(customer, scalars, maps, sort, segments, partition, epoch, applied, day);
    }

    private static string[] Texts(ref RowBinaryReader row)
    {
        var count = row.Count();
        if (row.Incomplete) return [];
        var texts = new List<string>();
        for (var i = 0; i < count && !row.Incomplete; i++) texts.Add(row.Text());
        return [.. texts];
    }

    private static Value[] Map(ref RowBinaryReader row, OutputColumn column, Dictionary<string, int> keys)
    {
        var values = new Value[column.Keys!.Count];
        Array.Fill(values, Value.Null(column.Type.Scalar));
        var count = row.Count();
        for (var i = 0; i < count && !row.Incomplete; i++)
        {
            var key = Encoding.UTF8.GetString(row.Bytes());
            var value = Scalar(ref row, column.Type.Scalar, nullable: false);
            if (keys.TryGetValue(key, out var at)) values[at] = value;
        }
        return values;
    }

    private static Value Scalar(ref RowBinaryReader row, ScalarType type, bool nullable)
    {
        if (nullable && row.IsNull()) return Value.Null(type);
        return type switch
        {
            ScalarType.Text => Value.Text(row.Bytes().ToArray()),
            ScalarType.Decimal => Value.DecimalScaled(row.Int128()),
            ScalarType.Bool => Value.Bool(row.UInt8() != 0),
            ScalarType.Day => Value.Day(row.Int32()),
            var number => Value.Of(number, row.Int64()),
        };
    }
}
