using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Bench.Data;

/// <summary>Events made before the clock starts: as append batches for the log, or as NDJSON bodies for HTTP.</summary>
internal static class EventBatches
{
    public static List<AppendBatch> Records(EventStream stream, long events, int perBatch, int partitions)
    {
        var batches = new List<AppendBatch>();
        var writer = new RecordWriter();
        for (var left = events; left > 0;)
        {
            var batch = new AppendBatch(partitions);
            for (var i = 0; i < perBatch && left > 0; i++, left--)
            {
                stream.Next(writer);
                batch.Add(Partitioner.PartitionOf(writer.CustomerId, partitions), writer.Finish());
            }
            batches.Add(batch);
        }
        return batches;
    }

    /// <summary>One event a line.</summary>
    public static List<ReadOnlyMemory<byte>> Lines(EventStream stream, long events, int perBody)
    {
        var bodies = new List<ReadOnlyMemory<byte>>();
        var writer = new RecordWriter();
        var row = new EventRow();
        var lines = new MemoryStream();
        for (long i = 1; i <= events; i++)
        {
            stream.Next(writer);
            RecordCodec.Read(writer.Finish().ToArray(), row);
            lines.Write(row.Body);
            lines.WriteByte((byte)'\n');
            if (i % perBody != 0 && i != events) continue;
            bodies.Add(lines.ToArray());
            lines.SetLength(0);
        }
        return bodies;
    }
}
