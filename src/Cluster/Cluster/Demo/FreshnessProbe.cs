using System.Diagnostics;
using Lambda.Cluster.Cli;

namespace Lambda.Cluster.Demo;

/// <summary>How long after a write was acknowledged its event is in the answer, measured from outside: a read that waits for the write's position.</summary>
internal sealed class FreshnessProbe(Client client, DemoFeed feed)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);

    private readonly List<double> _ms = [];
    private long _last;
    private Task _reading = Task.CompletedTask;

    public int Count => _ms.Count;

    /// <summary>Called after a write was acknowledged; takes a sample now and then, beside the stream.</summary>
    public Task OnPost()
    {
        if (!_reading.IsCompleted || Stopwatch.GetElapsedTime(_last) < Every || feed.Newest.Customer.Length == 0) return Task.CompletedTask;
        _last = Stopwatch.GetTimestamp();
        _reading = ReadAsync(feed.Newest.Customer, feed.Newest.AtLeast, _last);
        return Task.CompletedTask;
    }

    public double Percentile(double p)
    {
        lock (_ms)
        {
            if (_ms.Count == 0) return 0;
            var sorted = _ms.Order().ToArray();
            return sorted[Math.Min(sorted.Length - 1, (int)(p * sorted.Length))];
        }
    }

    private async Task ReadAsync(string customer, string atLeast, long acknowledged)
    {
        await client.GetAsync($"/v1/customers/{Uri.EscapeDataString(customer)}?wait_ms=30000&at_least={atLeast}", default);
        lock (_ms) _ms.Add(Stopwatch.GetElapsedTime(acknowledged).TotalMilliseconds);
    }
}
