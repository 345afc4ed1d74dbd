using System.Globalization;
using System.Text;
using Lambda.Domain.Log;

namespace Lambda.LoadTests.Flows;

/// <summary>What was sent and what of it was acknowledged, by customer. The customers belong to one load test: their sums begin at nothing.</summary>
internal sealed class Ledger
{
    private readonly Lock _gate = new();
    private readonly long[] _sent, _count, _minor;
    private readonly int[] _partition;
    private readonly long[] _position; // by partition, last acknowledged

    /// <param name="run">Names the load test: part of every id.</param>
    public Ledger(string run, int customers, int partitions)
    {
        Run = run;
        (_sent, _count, _minor) = (new long[customers], new long[customers], new long[customers]);
        _partition = [.. Enumerable.Range(0, customers).Select(c => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(Id(c)), partitions))];
        _position = [.. Enumerable.Repeat(-1L, partitions)];
    }

    public string Run { get; }
    public int Customers => _count.Length;

    public long Acknowledged
    {
        get { lock (_gate) return _count.Sum(); }
    }

    /// <summary>What the ids of these customers begin with.</summary>
    public string IdPrefix => $"load-{Run}-c";

    public string Id(int customer) => string.Create(CultureInfo.InvariantCulture, $"{IdPrefix}{customer:D7}");

    public int CustomerOf(string id) => int.Parse(id.AsSpan(IdPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>About to be sent: from now on an answer may have it.</summary>
    public void Sending(int customer)
    {
        lock (_gate) _sent[customer]++;
    }

    /// <summary>Acknowledged: from now on a read at its position must have it.</summary>
    public void Acknowledge(IReadOnlyList<(int Customer, long Minor)> events, IReadOnlyList<(int Partition, long Offset)> positions)
    {
        lock (_gate)
        {
            foreach (var (customer, minor) in events)
            {
                _count[customer]++;
                _minor[customer] += minor;
            }
            foreach (var (partition, offset) in positions) _position[partition] = Math.Max(_position[partition], offset);
        }
    }

    /// <summary>What an answer must have at least, and the position to ask for.</summary>
    public (long Count, long Minor, string? AtLeast) Floor(int customer)
    {
        lock (_gate)
        {
            var (p, o) = (_partition[customer], _position[_partition[customer]]);
            return (_count[customer], _minor[customer], o < 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{p}:{o}"));
        }
    }

    /// <summary>More purchases than this no answer may have.</summary>
    public long Ceiling(int customer)
    {
        lock (_gate) return _sent[customer];
    }
}
