using Confluent.Kafka;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Kafka.Log;

/// <summary>An append on its way: done when every record of every partition was reported.</summary>
internal sealed class PendingAppend(string topic, int records, int parts) : TaskCompletionSource<IReadOnlyList<Position>>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private readonly Position[] _last = new Position[parts];
    private readonly int _records = records;
    private int _left = records;
    private int _failed;
    private Error? _error;

    /// <summary>Reports of one partition come in order, one at a time; those of different partitions may come from different threads.</summary>
    public bool Report(int part, Position position, Error error, int reported = 1)
    {
        if (error.IsError)
        {
            _error = error;
            Interlocked.Add(ref _failed, reported);
        }
        else _last[part] = position;
        return Interlocked.Add(ref _left, -reported) == 0;
    }

    public void Complete()
    {
        if (_failed == 0) SetResult(_last);
        else
            SetException(new LogWriteException($"Kafka topic {topic}",
                $"{_failed} of {_records} records were not acknowledged ({_error!.Reason}); those that reached the log stand, and sending the whole again is safe: a known event counts once",
                new KafkaException(_error)));
    }
}

/// <summary>One partition's records of an append.</summary>
internal sealed class PendingPart(PendingAppend append, int part, PartitionTail tail, long stampMs, Action<PendingAppend, Error> done)
{
    public void Reported(DeliveryReport<Null, byte[]> report) => Reported(report.Offset.Value, report.Error, 1);

    /// <summary>Records that never reached the producer.</summary>
    public void NotSent(Error error, int records) => Reported(-1, error, records);

    private void Reported(long offset, Error error, int records)
    {
        if (!error.IsError) tail.Know(0, offset + 1, stampMs);
        if (append.Report(part, new Position(tail.Partition, offset), error, records)) done(append, error);
    }
}
