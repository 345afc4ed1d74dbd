using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Warehouse.Client;

namespace Lambda.Warehouse.Fraud;

/// <summary>A row of <see cref="FraudHistorySql.Events"/>.</summary>
internal readonly record struct FraudRow(ulong Customer, ulong Id, long Offset, FraudEvent Event);

/// <summary>A row of <see cref="FraudHistorySql.Decisions"/>.</summary>
internal readonly record struct DecidedRow(ulong Customer, long Offset, Judgement? Decision, byte[] Body);

/// <summary>Rows of one customer: of copies the first, put into the order of the log.</summary>
internal sealed class FraudRows
{
    private readonly List<FraudRow> _rows = [];
    private FraudRecord[] _records = new FraudRecord[16];
    private ulong _lastId;

    public ulong Customer { get; private set; }

    public bool Any => _rows.Count > 0;

    public static FraudRow Read(ref RowBinaryReader row)
    {
        var (customer, id, offset, at, kind) = (row.UInt64(), row.UInt64(), row.Int64(), row.Int64(), (FraudEventKind)row.UInt8());
        var (amount, flags) = (row.Int64(), row.UInt8());
        var (merchant, terminal, country, device, channel) = (row.UInt64(), row.UInt64(), row.UInt64(), row.UInt64(), row.UInt64());
        var (lat, lon, of) = (row.Int32(), row.Int32(), row.UInt64());
        var (email, phone, city) = (row.UInt64(), row.UInt64(), row.UInt64());
        var it = kind switch
        {
            FraudEventKind.Transaction => new FraudEvent(kind, at)
            {
                Transaction = new FraudTransaction(id, at, amount)
                {
                    Customer = customer, Merchant = merchant, Terminal = terminal, Country = country, Device = device, Channel = channel, IsDeclined = (flags & 1) != 0,
                    Place = (flags & 2) != 0 ? new Place(lat, lon) : null,
                },
            },
            FraudEventKind.Label => new FraudEvent(kind, at) { Of = of },
            FraudEventKind.Profile => new FraudEvent(kind, at) { Email = email, Phone = phone, Country = country, City = city },
            _ => new FraudEvent(kind, at),
        };
        return new FraudRow(customer, id, offset, it);
    }

    public bool IsOfAnother(in FraudRow row) => row.Customer != Customer;

    /// <summary>In the order of the statement: by event, then offset.</summary>
    public void Add(in FraudRow row)
    {
        var isCopy = row.Customer == Customer && row.Id == _lastId;
        (Customer, _lastId) = (row.Customer, row.Id);
        if (!isCopy && row.Event.Kind != 0) _rows.Add(row);
    }

    /// <summary>All that were added, and begins anew. Valid until the next.</summary>
    public ReadOnlyMemory<FraudRecord> Take(Dictionary<long, DecidedRow>? decisions)
    {
        _rows.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        if (_rows.Count > _records.Length) _records = new FraudRecord[_rows.Count * 2];
        for (var i = 0; i < _rows.Count; i++)
        {
            var decided = decisions?.GetValueOrDefault(_rows[i].Offset) ?? default;
            _records[i] = new FraudRecord(_rows[i].Offset, _rows[i].Customer, _rows[i].Event, decided.Decision, decided.Body);
        }
        var count = _rows.Count;
        _rows.Clear();
        return _records.AsMemory(0, count);
    }
}
