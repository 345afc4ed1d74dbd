using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Polling;
using Lambda.SpeedLayer.Sources;

namespace Lambda.Cluster.Sources;

/// <summary>HTTP APIs of others as sources, in both editions: their list, the ingress they share with HTTP, and where polling stands, as facts.</summary>
internal sealed class PolledSources(IReadOnlyList<PolledSource> list, EventIngress ingress, int partitions, IFacts facts, string node, TimeProvider time, Action<string, Exception> onError)
{
    private static readonly TimeSpan BehindPause = TimeSpan.FromMilliseconds(200);

    private readonly FactSourceCursors _cursors = new(facts);

    /// <summary>Records in the log that no answer holds yet.</summary>
    public Func<long> Unfolded { get; set; } = () => 0;

    public IReadOnlyList<string> Names { get; } = [.. list.Select(s => s.Name)];

    /// <exception cref="OptionsException">The list cannot be used: names the place.</exception>
    public static IReadOnlyList<PolledSource> Read(string? file)
    {
        if (file is null) return [];
        try
        {
            return new PolledSourceReader(file, Environment.GetEnvironmentVariable).Read(File.ReadAllText(file));
        }
        catch (Exception e) when (e is SourceListException or IOException or UnauthorizedAccessException)
        {
            throw new OptionsException($"sources: {e.Message}");
        }
    }

    public SourceRun Open(string name) => new(
        new SourcePoller(
            list.Single(s => s.Name == name), ingress, partitions, _cursors, time, told => onError($"source {name}", new InvalidDataException(told)),
            () => Unfolded() > EngineIntake.UnfoldedMax ? BehindPause : null),
        _cursors, node);
}

/// <summary>A source being polled here.</summary>
internal sealed class SourceRun(SourcePoller poller, FactSourceCursors cursors, string node) : IDisposable
{
    public string Name => poller.Source.Name;

    public SourceStatus Status
    {
        get
        {
            var trouble = poller.Trouble;
            return new SourceStatus(
                Name, trouble is null ? SourceStatus.Reading : poller.IsStopped ? SourceStatus.Stopped : SourceStatus.Waiting, trouble, node, poller.Since, poller.WalkedAtMs,
                poller.Pages, poller.Accepted, poller.Refused, poller.Drifted, poller.NewFields);
        }
    }

    public Task RunAsync(CancellationToken cancel) => poller.RunAsync(cancel);

    /// <summary>Not while it runs.</summary>
    public void Forget()
    {
        cursors.Keep(Name, null);
        poller.Forget();
    }

    public void Dispose() => poller.Dispose();
}

/// <summary>What polling keeps, one fact a source.</summary>
internal sealed class FactSourceCursors(IFacts facts) : ISourceCursors
{
    public string? Kept(string source) => facts.Fact(NameOf(source));

    public void Keep(string source, string? state) => facts.SetFact(NameOf(source), state);

    private static string NameOf(string source) => $"source_{source}";
}
