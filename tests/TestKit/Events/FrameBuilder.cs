using System.Buffers;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.TestKit.Events;

/// <summary>Builds one log frame of a partition, record by record.</summary>
public sealed class FrameBuilder(int partition, long firstOffset, long appendedAtMs)
{
    private readonly RecordWriter _writer = new();
    private readonly EventParser _parser = new();
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
        if (!_parser.TryParse(Encoding.UTF8.GetBytes(json), long.MaxValue - EventParser.MaxAheadMicros, out var record, out var why)) throw new ArgumentException($"{why.Field}: {why.Reason}: {json}", nameof(json));
        _batch.Add(partition, record);
        return this;
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
