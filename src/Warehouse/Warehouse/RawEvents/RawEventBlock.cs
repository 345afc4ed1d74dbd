using System.Numerics;
using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.Warehouse.Native;
using Lambda.Warehouse.Schema;

namespace Lambda.Warehouse.RawEvents;

/// <summary>Log records turned into columns of raw_events, in one pass and without allocation per row.</summary>
internal sealed class RawEventBlock : IDisposable
{
    private static readonly byte[][] TypeNames = [.. EventCatalog.Types.Select(t => Encoding.UTF8.GetBytes(t.Name))];
    private static readonly ScalarType[] Types = [.. EventCatalog.Fields.Select(f => f.Type)];
    private static readonly byte[][] ExtraTags = [[], "n"u8.ToArray(), "s"u8.ToArray(), "t"u8.ToArray(), "f"u8.ToArray()];

    private readonly NumberColumn _partition = new("partition", "UInt16", 2), _offset = new("offset", "Int64", 8), _appendedAt = new("appended_at", "Int64", 8);
    private readonly NumberColumn _occurredAt = new("occurred_at", "Int64", 8), _contentHash = new("content_hash", "UInt64", 8), _present = new("present", "UInt64", 8);
    private readonly TextColumn _type = new("type"), _customerId = new("customer_id"), _eventId = new("event_id"), _body = new("body");
    private readonly TextColumn _extraNames = new("names"), _extraValues = new("values");
    private readonly NestedColumn _extras;
    private readonly NumberColumn?[] _numbers = new NumberColumn?[EventCatalog.MaxFields];
    private readonly TextColumn?[] _texts = new TextColumn?[EventCatalog.MaxFields];
    private readonly EventRow _row = new();
    private byte[] _scratch = new byte[256];

    public RawEventBlock()
    {
        _extras = new NestedColumn("extras", "Map(String, String)", _extraNames, _extraValues);
        foreach (var field in EventCatalog.Fields) AddColumn(field);
        IEnumerable<NativeColumn> fields = EventCatalog.Fields.Select(f => (NativeColumn?)_numbers[f.Ordinal] ?? _texts[f.Ordinal]!);
        Block = new NativeBlock([_partition, _offset, _appendedAt, _type, _customerId, _eventId, _occurredAt, _contentHash, _present, .. fields, _extras, _body]);
    }

    public NativeBlock Block { get; }

    /// <exception cref="InvalidDataException">A record is corrupt.</exception>
    public void Add(int partition, long offset, long appendedAtMs, ReadOnlyMemory<byte> record)
    {
        RecordCodec.Read(record, _row);
        var row = Block.Rows;
        _partition.Set(row, partition);
        _offset.Set(row, offset);
        _appendedAt.Set(row, appendedAtMs);
        _type.Set(row, TypeNames[_row.Type.Code - 1]);
        _customerId.Set(row, _row.CustomerId);
        _eventId.Set(row, _row.EventId);
        _occurredAt.Set(row, _row.OccurredAtMicros);
        _contentHash.Set(row, (long)_row.ContentHash);
        _present.Set(row, (long)_row.Present);
        _body.Set(row, _row.Body);
        AddFields(row);
        AddExtras(row);
        Block.Rows = row + 1;
    }

    public void Dispose() => Block.Dispose();

    private void AddFields(int row)
    {
        for (var left = _row.Present; left != 0; left &= left - 1)
        {
            var ordinal = BitOperations.TrailingZeroCount(left);
            if (_texts[ordinal] is { } text) text.Set(row, _row.Text(ordinal));
            else if (Types[ordinal] == ScalarType.Decimal) _numbers[ordinal]!.Set(row, _row.Decimal(ordinal));
            else _numbers[ordinal]!.Set(row, _row.Number(ordinal));
        }
    }

    private void AddExtras(int row)
    {
        var any = false;
        foreach (var extra in RecordCodec.ExtrasOf(_row))
        {
            any = true;
            _extraNames.Set(_extras.Elements, extra.Name);
            _extraValues.Set(_extras.Elements, Tagged(extra.Kind, extra.Text));
            _extras.Next();
        }
        if (any) _extras.End(row);
    }

    private ReadOnlySpan<byte> Tagged(ExtraKind kind, ReadOnlySpan<byte> text)
    {
        if (_scratch.Length <= text.Length) _scratch = new byte[text.Length * 2];
        ExtraTags[(int)kind].CopyTo(_scratch, 0);
        text.CopyTo(_scratch.AsSpan(1));
        return _scratch.AsSpan(0, text.Length + 1);
    }

    private void AddColumn(Field field)
    {
        switch (field.Type)
        {
            case ScalarType.Text: _texts[field.Ordinal] = new TextColumn(field.Name); break;
            case ScalarType.Decimal: _numbers[field.Ordinal] = new NumberColumn(field.Name, "Int128", 16); break;
            case ScalarType.Bool: _numbers[field.Ordinal] = new NumberColumn(field.Name, "UInt8", 1); break;
            case ScalarType.Day: _numbers[field.Ordinal] = new NumberColumn(field.Name, "Int32", 4); break;
            default: _numbers[field.Ordinal] = new NumberColumn(field.Name, "Int64", 8); break;
        }
    }
}
