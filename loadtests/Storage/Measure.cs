using System.Diagnostics;
using System.Text;
using Lambda.SpeedLayer.Ports;

namespace Lambda.LoadTests.Storage;

/// <summary>Samples, percentiles, and the limits of this machine that the figures are held against.</summary>
internal static class Measure
{
    public static string Percentiles(List<double> ms)
    {
        ms.Sort();
        double At(double share) => ms[Math.Min(ms.Count - 1, (int)(ms.Count * share))];
        return $"p50 {At(0.5):f3} p99 {At(0.99):f3} p99.9 {At(0.999):f3} max {ms[^1]:f3} ms";
    }

    /// <summary>Time of an fsync after writing so many bytes into a file that already has them.</summary>
    public static string Fsync(string folder, int bytes)
    {
        using var file = new FileStream(Path.Combine(folder, "fsync"), FileMode.Create, FileAccess.Write, FileShare.None, 0);
        var data = new byte[bytes];
        var samples = new List<double>();
        for (var i = 0; i < 300; i++)
        {
            file.Position = 0;
            var start = Stopwatch.GetTimestamp();
            file.Write(data);
            file.Flush(flushToDisk: true);
            samples.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        return Percentiles(samples);
    }

    /// <summary>A record as the ingress writes it: a JSON body of about 400 bytes.</summary>
    public static byte[] Record(Random random, int customer) => Encoding.UTF8.GetBytes(
        $$$"""
        {"event_id":"{{{Guid.NewGuid()}}}","customer_id":"c{{{customer:d8}}}","type":"transaction","occurred_at":"2026-01-{{{random.Next(1, 29):d2}}}T{{{random.Next(24):d2}}}:{{{random.Next(60):d2}}}:{{{random.Next(60):d2}}}.{{{random.Next(1000):d3}}}Z","amount_minor":{{{random.Next(100, 500_000)}}},"currency":"EUR","direction":"debit","status":"approved","merchant_id":"m{{{random.Next(20_000):d6}}}","merchant_name":"Merchant {{{random.Next(20_000)}}}","mcc":"{{{random.Next(1000, 9999)}}}","category":"groceries","channel":"pos","country":"DE","city":"Berlin","terminal_id":"t{{{random.Next(90_000)}}}","device_id":"{{{random.NextInt64():x}}}"}
        """);

    public static AppendBatch Batch(Random random, int partitions, int events)
    {
        var batch = new AppendBatch(partitions);
        for (var i = 0; i < events; i++) batch.Add(random.Next(partitions), Record(random, random.Next(200_000)));
        return batch;
    }
}
