using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Authorizations;

/// <summary>Single records of the log.</summary>
public static class LoggedEvents
{
    /// <summary>The body of the event at this offset; empty when the log does not have it any more, or has erased it: then nothing says any more what was answered.</summary>
    public static ReadOnlyMemory<byte> BodyAt(IEventLog log, int partition, long offset)
    {
        try
        {
            foreach (var frame in log.Read(partition, offset, 1))
                foreach (var (at, record) in frame)
                    if (at == offset && RecordCodec.KindOf(record.Span) == RecordKind.Event) return BodyOf(record).ToArray();
        }
        catch (LogTruncatedException)
        {
            // Older than the dedup horizon.
        }
        return default;
    }

    public static ReadOnlyMemory<byte> BodyOf(ReadOnlyMemory<byte> record)
    {
        var row = new EventRow();
        RecordCodec.Read(record, row);
        return record[^row.Body.Length..];
    }
}
