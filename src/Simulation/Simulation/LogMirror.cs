using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Simulation;

/// <summary>
/// Everything that was ever appended, retention or not: what the auditor computes expected answers from. Read from the log itself, because a
/// crashed append may or may not have happened.
/// </summary>
public sealed class LogMirror(IEventLog log)
{
    private readonly long[] _next = new long[log.Partitions];
    private readonly long[] _events = new long[log.Partitions];
    private readonly long[] _ends = new long[log.Partitions];
    private readonly Dictionary<string, List<LoggedEvent>> _byCustomer = [];
    private readonly Dictionary<string, List<long>> _erasures = [];

    public IEnumerable<string> Customers => _byCustomer.Keys;

    public long Events => _events.Sum();

    public long Erasures => _erasures.Values.Sum(e => e.Count);

    public long EventsOf(int partition) => _events[partition];

    /// <summary>One past the last event or erasure of a partition; barriers may follow.</summary>
    public long EventsEndOf(int partition) => _ends[partition];

    public void CatchUp()
    {
        var row = new EventRow();
        for (var p = 0; p < log.Partitions; p++)
            while (log.Read(p, _next[p], int.MaxValue) is { Count: > 0 } frames)
                foreach (var frame in frames)
                    foreach (var (offset, record) in frame)
                        if (offset >= _next[p]) Take(offset, frame.AppendedAtMs, record, row, p);
    }

    private void Take(long offset, long appendedAtMs, ReadOnlyMemory<byte> record, EventRow row, int partition)
    {
        _next[partition] = offset + 1;
        if (RecordCodec.KindOf(record.Span) == RecordKind.Erasure)
        {
            var erased = ErasureRecords.Read(record.Span).Customer.ToString();
            if (!_erasures.TryGetValue(erased, out var offsets)) _erasures.Add(erased, offsets = []);
            offsets.Add(offset);
            _ends[partition] = offset + 1;
        }
        if (RecordCodec.KindOf(record.Span) != RecordKind.Event) return;
        RecordCodec.Read(record, row);
        var customer = Encoding.UTF8.GetString(row.CustomerId);
        if (!_byCustomer.TryGetValue(customer, out var events)) _byCustomer.Add(customer, events = []);
        events.Add(new LoggedEvent(record, offset, appendedAtMs));
        _events[partition]++;
        _ends[partition] = offset + 1;
    }

    /// <summary>
    /// The events that must count for a customer at `applied` over the published `cut`: below the cut the first copy of each id; above it every
    /// copy whose nearest earlier copy lies further back than the horizon, the one permitted difference until the next publication. Of all that only what
    /// lies behind the newest erasure below `applied`.
    /// </summary>
    public List<LoggedEvent> Counting(string customer, long cut, long applied, long horizonMs)
    {
        var counting = new List<LoggedEvent>();
        var newestCopy = new Dictionary<string, long>();
        List<long> erasures = [.. _erasures.GetValueOrDefault(customer, []).Where(e => e < applied)];
        foreach (var e in NaiveOracle.Remaining(_byCustomer.GetValueOrDefault(customer, []), erasures))
        {
            if (e.Offset >= applied) break;
            var repeat = newestCopy.TryGetValue(e.EventId, out var before);
            newestCopy[e.EventId] = e.AppendedAtMs;
            if (!repeat || (e.Offset >= cut && e.AppendedAtMs / 1000 - before / 1000 > horizonMs / 1000)) counting.Add(e);
        }
        return counting;
    }

    public static int PartitionOf(string customer, int partitions) => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(customer), partitions);
}
