using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Log;

/// <summary>Makes one customer's records of a frame void.</summary>
public static class FrameErasure
{
    /// <summary>Events of the customer up to the offset, and the erasure at it; other erasures stay, each is removed for itself.</summary>
    /// <returns>The new frame and how many records became void; null when the frame holds none of them.</returns>
    public static (LogFrame Frame, int Records)? Erase(LogFrame frame, CustomerId? customer, long throughOffset)
    {
        if (customer is not { } erased) return null;
        var (batch, records) = (new AppendBatch(frame.Partition + 1), 0);
        foreach (var (offset, record) in frame)
        {
            var goes = offset <= throughOffset && RecordCodec.IsOfCustomer(record.Span) && RecordCodec.CustomerIdOf(record.Span).SequenceEqual(erased.Utf8)
                && (offset == throughOffset || RecordCodec.KindOf(record.Span) == RecordKind.Event);
            if (goes) records++;
            batch.Add(frame.Partition, goes ? ErasureRecords.Void : record.Span);
        }
        return records == 0 ? null : (frame with { Records = batch.RecordsOf(frame.Partition).ToArray() }, records);
    }
}
