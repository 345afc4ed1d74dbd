using System.Buffers;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.TestKit.Events;

/// <summary>Builds one log frame of a partition, record by record.</summary>
public sealed class FrameBuilder(int partition, long firstOffset, long appendedAtMs)
{
    private readonly RecordWriter _writer = new();
    private readonly AppendBatch _batch = new(partition + 1);
    private readonly ArrayBufferWriter<byte> _barrier = new();

    public FrameBuilder Event(EventType type, string customer, string eventId, long occurredAtMicros, Action<RecordWriter>? fields = null)
    {
        _writer.Begin(type, Encoding.UTF8.GetBytes(customer), Encoding.UTF8.GetBytes(eventId), occurredAtMicros);
        fields?.Invoke(_writer);
        _batch.Add(partition, _writer.Finish());
        return this;
    }

    /// <summary>An approved debit in EUR.</summary>
    public FrameBuilder Purchase(string customer, string eventId, long occurredAtMicros, long amountMinor, string merchant = "m-1", string category = "groceries") =>
        Event(EventCatalog.Transaction, customer, eventId, occurredAtMicros, w => w
            .SetNumber(EventCatalog.AmountMinor, amountMinor).SetText(EventCatalog.Currency, "EUR"u8)
            .SetNumber(EventCatalog.BillingAmountMinor, amountMinor).SetText(EventCatalog.BillingCurrency, "EUR"u8)
            .SetText(EventCatalog.Direction, "debit"u8).SetText(EventCatalog.Status, "approved"u8)
            .SetText(EventCatalog.MerchantId, Encoding.UTF8.GetBytes(merchant)).SetText(EventCatalog.Category, Encoding.UTF8.GetBytes(category)));

    /// <summary>An event as a producer sends it.</summary>
    public FrameBuilder Json(string json)
    {
        _batch.Add(partition, Parsed(json));
        return this;
    }

    /// <summary>A transaction that was decided.</summary>
    /// <param name="fields">What follows type and status: `"event_id":…`.</param>
    public FrameBuilder Decided(string fields, Judgement judgement)
    {
        _batch.Add(partition, new AuthorizationRecord().Encode(RequestOf(fields), judgement));
        return this;
    }

    /// <summary>The same before it is decided.</summary>
    public static EventRow RequestOf(string fields)
    {
        var row = new EventRow();
        RecordCodec.Read(Parsed(Encoding.UTF8.GetString(AuthorizationRecord.RequestPrefix) + fields + "}"), row);
        return row;
    }

    private static byte[] Parsed(string json)
    {
        if (!new EventParser().TryParse(Encoding.UTF8.GetBytes(json), long.MaxValue - EventParser.MaxAheadMicros, out var record, out var why)) throw new ArgumentException($"{why.Field}: {why.Reason}: {json}", nameof(json));
        return record.ToArray();
    }

    public FrameBuilder Barrier(long epoch)
    {
        _barrier.Clear();
        RecordCodec.WriteBarrier(new EpochBarrier(epoch, $"run-{epoch}", "0000"), _barrier);
        _batch.Add(partition, _barrier.WrittenSpan);
        return this;
    }

    public FrameBuilder Erasure(string customer)
    {
        _barrier.Clear();
        ErasureRecords.Write(new CustomerErasure(CustomerId.From(customer), Guid.Empty), _barrier);
        _batch.Add(partition, _barrier.WrittenSpan);
        return this;
    }

    public FrameBuilder Void()
    {
        _batch.Add(partition, ErasureRecords.Void);
        return this;
    }

    public LogFrame Build() => new(partition, firstOffset, _batch.CountOf(partition), appendedAtMs, _batch.RecordsOf(partition).ToArray());
}
