using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Warehouse.Native;

namespace Lambda.Warehouse.Population;

/// <summary>Writes one output of answers into its column: a nullable scalar, or a map that holds the keys that have a value.</summary>
internal sealed class OutputWriter
{
    private readonly ScalarType _type;
    private readonly byte[][] _keys;
    private readonly NumberColumn? _number;
    private readonly TextColumn? _text;
    private readonly TextColumn? _key;
    private readonly NestedColumn? _map;

    private OutputWriter(OutputColumn output)
    {
        _type = output.Type.Scalar;
        _keys = [.. (output.Keys ?? []).Select(Encoding.UTF8.GetBytes)];
        var name = PopulationTable.ColumnOf(output);
        var type = PopulationTable.ScalarTypeOf(_type);
        var nullable = !output.Type.ByKey;
        if (_type == ScalarType.Text) _text = new TextColumn(name, nullable);
        else _number = new NumberColumn(name, type, WidthOf(_type), nullable);
        NativeColumn values = (NativeColumn?)_text ?? _number!;
        if (output.Type.ByKey) _map = new NestedColumn(name, $"Map(String, {type})", _key = new TextColumn("keys"), values);
        Column = (NativeColumn?)_map ?? values;
    }

    public NativeColumn Column { get; }

    public static OutputWriter Of(OutputColumn output) => new(output);

    public void Set(int row, in Value scalar, Value[]? map)
    {
        if (_map is not null) SetMap(row, map!);
        else if (!scalar.IsNull) SetValue(row, scalar);
    }

    /// <summary>Date32 holds 1900-01-01 … 2299-12-31; an earlier or later day is shown as the nearest of those. Answers of the API are not bounded so.</summary>
    public static long WithinDate32(long day) => Math.Clamp(day, Date32Min, Date32Max);

    private const long Date32Min = -25_567, Date32Max = 120_529;

    private void SetMap(int row, Value[] map)
    {
        var any = false;
        for (var k = 0; k < map.Length; k++)
        {
            if (map[k].IsNull) continue;
            any = true;
            _key!.Set(_map!.Elements, _keys[k]);
            SetValue(_map.Elements, map[k]);
            _map.Next();
        }
        if (any) _map!.End(row);
    }

    private void SetValue(int row, in Value value)
    {
        switch (_type)
        {
            case ScalarType.Text: _text!.Set(row, value.Utf8); break;
            case ScalarType.Decimal: _number!.Set(row, value.Number); break;
            case ScalarType.Day: _number!.Set(row, WithinDate32((long)value.Number)); break;
            case ScalarType.Instant: _number!.Set(row, Math.Clamp((long)value.Number, Date32Min * Clock.MicrosPerDay, (Date32Max + 1) * Clock.MicrosPerDay - 1)); break;
            default: _number!.Set(row, (long)value.Number); break;
        }
    }

    private static int WidthOf(ScalarType type) => type switch
    {
        ScalarType.Decimal => 16,
        ScalarType.Bool => 1,
        ScalarType.Day => 4,
        _ => 8,
    };
}
