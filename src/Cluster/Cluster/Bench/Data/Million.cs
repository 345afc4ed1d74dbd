using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Bench.Processes;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.Domain.Events;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Bench.Data;

/// <summary>
/// A million customers as they are in the middle of a day: a profile and two more events each on average, recomputed and published, then a hundredth of that again
/// since. Made in this process, then served by a real host of its own. Benches that share it continue its stream of events, so the tally stays right.
/// </summary>
internal sealed class Million : IAsyncDisposable
{
    public const int Partitions = 4;
    private const int EventsPerBatch = 2_000;
    private const int EventsPerChunk = 200_000;

    private readonly BenchContext _context;
    private readonly string _folder;
    private readonly int _port = FreePort(); // the same after a restart: whoever waits for the host knows where
    private IAsyncDisposable? _memory;

    private Million(BenchContext context, string folder, EventStream stream) => (_context, _folder, Stream) = (context, folder, stream);

    /// <summary>Continue it to send more.</summary>
    public EventStream Stream { get; }

    public Tally Tally => Stream.Tally;
    public LambdaProcess Process { get; private set; } = null!;
    public HostClient Host { get; private set; } = null!;
    public Uri Url => new($"http://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}");

    public static Task<Million> OfAsync(BenchContext context, CancellationToken cancel) => context.SharedAsync("million", () => MakeAsync(context, cancel));

    /// <summary>So many customers, evenly spread.</summary>
    public IEnumerable<int> Sample(int count)
    {
        count = Math.Min(count, Tally.Customers);
        return Enumerable.Range(0, count).Select(i => (int)((long)i * Tally.Customers / count));
    }

    /// <summary>Until every customer has its row in customer_current: the sweep after a publication runs for a while.</summary>
    public async Task SweptAsync(CancellationToken cancel)
    {
        var expected = Tally.Customers.ToString(CultureInfo.InvariantCulture);
        await Host.SettleAsync(cancel);
        for (var polls = 0; polls < 600 && await Host.QueryAsync("SELECT uniqExact(customer_id) FROM customer_current WHERE customer_id LIKE 'c%'", cancel) != expected; polls++)
            await Task.Delay(500, cancel);
    }

    /// <summary>SIGKILL; nothing is awaited but the end of the process.</summary>
    public async Task KillAsync()
    {
        await StopWatchingAsync();
        await Process.KillAsync(alsoAwaitChildren: false);
    }

    /// <summary>Begins a new host on the folder; await <see cref="AttachAsync"/> for its address.</summary>
    public void Begin() => Process = LambdaProcess.Begin(["up", "--dev", "--data", _folder, "--port", _port.ToString(CultureInfo.InvariantCulture), "--batch-at", "none"]);

    public async Task AttachAsync(CancellationToken cancel)
    {
        await Process.ReadyAsync(cancel);
        Host?.Dispose();
        Host = new HostClient(Url);
        _memory = _context.Memory.Watch(Process.Id);
    }

    public async ValueTask DisposeAsync()
    {
        await StopWatchingAsync();
        Host?.Dispose();
        await Process.DisposeAsync();
    }

    private async Task StopWatchingAsync()
    {
        if (_memory is not null) await _memory.DisposeAsync();
        _memory = null;
    }

    private static async Task<Million> MakeAsync(BenchContext context, CancellationToken cancel)
    {
        var customers = context.Scaled(1_000_000, 200);
        var (before, since) = (customers * 3L, customers / 100 * 3L + 10);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs;
        var million = new Million(context, context.NewFolder("million"), new EventStream(7, customers, before + since, days: 60, now));
        context.Say($"  making {customers:#,0} customers …");
        var options = new LambdaOptions { Data = million._folder, Partitions = Partitions, BatchAt = null, Definition = BenchView.File };
        await using (var engine = await EmbeddedEngine.StartAsync(options, (where, e) => context.Say($"  {where}: {e.Message}"), TimeProvider.System, cancel))
        {
            await AppendAsync(engine, million.Stream, before, cancel);
            await RunAsync(engine, cancel);
            await AppendAsync(engine, million.Stream, since, cancel);
        }
        million.Begin();
        await million.AttachAsync(cancel);
        await million.SweptAsync(cancel);
        return million;
    }

    /// <summary>Appends the stream's next events and waits until they are folded.</summary>
    internal static async Task AppendAsync(EmbeddedEngine engine, EventStream stream, long events, CancellationToken cancel)
    {
        for (var left = events; left > 0; left -= EventsPerChunk)
            await LogAlone.AppendAllAsync(engine.Log, EventBatches.Records(stream, Math.Min(left, EventsPerChunk), EventsPerBatch, Partitions));
        while (engine.Hosts.Any(h => h.Applied < engine.Log.EndOffset(h.Partition))) await Task.Delay(5, cancel);
    }

    private static async Task RunAsync(EmbeddedEngine engine, CancellationToken cancel)
    {
        var run = (await engine.Runs.StartAsync(cancel)).Run;
        while (!run.IsFinal)
        {
            await Task.Delay(50, cancel);
            run = engine.Runs.Get(run.Run)!;
        }
        if (run.State != RunState.Published) throw new InvalidOperationException($"the run of the bench {run.State}: {string.Join("; ", run.Reasons)}");
        while (engine.Hosts.Any(h => h.Epochs.Published < run.Epoch)) await Task.Delay(5, cancel);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
