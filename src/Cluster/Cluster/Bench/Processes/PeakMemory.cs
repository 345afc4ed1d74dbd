using System.Globalization;

namespace Lambda.Cluster.Bench.Processes;

/// <summary>The highest sum of resident memory of processes that ran together, sampled while they run.</summary>
internal sealed class PeakMemory
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    /// <summary>Bytes, of all watches so far.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Samples a process and its children until disposed.</summary>
    public IAsyncDisposable Watch(int processId) => new Sampler(this, processId);

    /// <summary>Resident bytes of a process and its direct children at this moment; 0 when it is gone.</summary>
    public static long ResidentBytes(int processId) => Own(processId) + Processes.Children.Of(processId).Sum(Own);

    private static long Own(int processId)
    {
        try
        {
            var pages = File.ReadAllText($"/proc/{processId}/statm").Split(' ')[1];
            return long.Parse(pages, CultureInfo.InvariantCulture) * Environment.SystemPageSize;
        }
        catch (IOException)
        {
            return 0; // it has ended
        }
    }

    private sealed class Sampler : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _task;

        public Sampler(PeakMemory peak, int processId) => _task = Task.Run(async () =>
        {
            using var timer = new PeriodicTimer(Period);
            do
            {
                var now = ResidentBytes(processId);
                lock (peak) peak.PeakBytes = Math.Max(peak.PeakBytes, now);
            }
            while (await timer.WaitForNextTickAsync(_stop.Token).AsTask().ContinueWith(t => t.IsCompletedSuccessfully && t.Result, TaskScheduler.Default));
        });

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _task;
            _stop.Dispose();
        }
    }
}
