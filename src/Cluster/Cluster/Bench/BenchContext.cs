using Lambda.Cluster.Bench.Processes;

namespace Lambda.Cluster.Bench;

/// <param name="Scale">Multiplies every number of events, customers and seconds; 1 is what the goals speak of.</param>
/// <param name="Full">Without time limits: as many reads as the goal names.</param>
/// <param name="Tamper">Makes every check expect something that is not so: shows that checks can fail.</param>
internal sealed record BenchOptions(double Scale = 1, bool Full = false, bool Tamper = false);

/// <summary>What benches share: options, temporary folders, progress, the memory they were seen to use.</summary>
internal sealed class BenchContext(BenchOptions options, Action<string> progress) : IAsyncDisposable
{
    private readonly List<Func<ValueTask>> _cleanups = [];
    private readonly Dictionary<string, object> _shared = [];
    private readonly Dictionary<string, IReadOnlyList<BenchRow>> _rows = [];
    private int _folders;

    public BenchOptions Options => options;

    /// <summary>Memory of the hosts that benches started and of their warehouses.</summary>
    public PeakMemory Memory { get; } = new();

    public string Root { get; } = Directory.CreateTempSubdirectory("lambda-bench-").FullName;

    public void Say(string text) => progress(text);

    /// <summary>A count scaled, never below <paramref name="atLeast"/>.</summary>
    public int Scaled(long count, int atLeast = 1) => (int)Math.Max(atLeast, Math.Round(count * options.Scale));

    /// <summary>How long a timed part runs: scaled within 0.5 s and the whole.</summary>
    public TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds * options.Scale, Math.Min(0.5, seconds), seconds));

    /// <summary>Rounds of a short measurement: an odd number, for its median.</summary>
    public int Rounds => options.Scale >= 0.1 ? 3 : 1;

    /// <summary>What a check expects, or something else when checks are to fail.</summary>
    public long Expected(long value) => options.Tamper ? value + 1 : value;

    public string NewFolder(string what) => Directory.CreateDirectory(Path.Combine(Root, $"{Interlocked.Increment(ref _folders):00}-{what}")).FullName;

    /// <summary>What the bench measured, now or earlier in this call: others show it beside theirs.</summary>
    public async Task<IReadOnlyList<BenchRow>> RowsOfAsync(IBench bench, CancellationToken cancel)
    {
        if (!_rows.TryGetValue(bench.Name, out var rows)) _rows[bench.Name] = rows = await bench.RunAsync(this, cancel);
        return rows;
    }

    /// <summary>Made by the first bench that asks, kept for the others, closed at the end.</summary>
    public async Task<T> SharedAsync<T>(string name, Func<Task<T>> make) where T : class, IAsyncDisposable
    {
        if (_shared.TryGetValue(name, out var made)) return (T)made;
        var it = await make();
        _shared[name] = it;
        _cleanups.Add(it.DisposeAsync);
        return it;
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = _cleanups.Count - 1; i >= 0; i--) await _cleanups[i]();
        try
        {
            Directory.Delete(Root, recursive: true);
        }
        catch (IOException e)
        {
            progress($"{Root} could not be deleted: {e.Message}"); // a killed child may still hold a file
        }
    }
}
