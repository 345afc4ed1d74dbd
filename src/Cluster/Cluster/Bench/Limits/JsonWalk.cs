using System.Diagnostics;
using System.Text.Json;

namespace Lambda.Cluster.Bench.Limits;

/// <summary>The limit of ingest over HTTP: reading every token of the same bytes with the fastest reader there is, on one core, and doing nothing with them.</summary>
internal static class JsonWalk
{
    /// <returns>Events a second of one core, median of the rounds; and how many objects were seen in a round.</returns>
    public static (double PerSecond, long Events) Measure(IReadOnlyList<ReadOnlyMemory<byte>> lines, int rounds)
    {
        var rates = new double[rounds];
        long events = 0;
        for (var round = 0; round < rounds; round++)
        {
            events = 0;
            var begin = Stopwatch.GetTimestamp();
            foreach (var body in lines) events += Walk(body.Span);
            rates[round] = events / Stopwatch.GetElapsedTime(begin).TotalSeconds;
        }
        return (Stats.Median(rates), events);
    }

    private static long Walk(ReadOnlySpan<byte> lines)
    {
        long objects = 0;
        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf((byte)'\n');
            var line = end < 0 ? lines : lines[..end];
            lines = end < 0 ? [] : lines[(end + 1)..];
            var reader = new Utf8JsonReader(line);
            while (reader.Read()) { }
            objects++;
        }
        return objects;
    }
}
