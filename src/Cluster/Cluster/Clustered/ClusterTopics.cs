#if CLUSTER_RUNTIME && KAFKA
using System.Globalization;
using Akka.Actor;
using Akka.Configuration;
using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Actors.Sources;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.Cluster.Sources;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Sources;
using Lambda.SpeedLayer.Topics;

namespace Lambda.Cluster.Clustered;

/// <summary>Topics of others as sources of this cluster: their list, the ingress they share with HTTP, and where reading stands, as facts.</summary>
internal sealed class ClusterTopics(IReadOnlyList<TopicMap> maps, ClusterParts parts, LambdaOptions options)
{
    private static readonly TimeSpan BehindPause = TimeSpan.FromMilliseconds(200);

    private readonly FactTopicOffsets _offsets = new(parts.StoredFacts);
    private readonly string _node = NodeOf(options);

    public static string NodeOf(LambdaOptions options) => $"{options.ClusterHost}:{options.ClusterPort}";

    public EventIngress Ingress { get; } = new(parts.Log, parts.Quarantine, parts.Time) { Cards = parts.CardTokens };

    /// <summary>Records in the log that no answer holds yet.</summary>
    public Func<long> Unfolded { get; set; } = () => 0;

    /// <exception cref="OptionsException">The list cannot be used: names the place.</exception>
    public static IReadOnlyList<TopicMap> Read(string? file)
    {
        if (file is null) return [];
        try
        {
            var maps = TopicMapReader.Read(File.ReadAllText(file), file);
#if !KAFKA_STREAMS
            if (maps.FirstOrDefault(m => m.ThroughStreams) is { } through)
                throw new OptionsException($"{file}: topic {through.Topic}: this build has no reader `streams`, because the package feeds lacked Akka.Streams.Kafka when it was built; expected plain");
#endif
            return maps;
        }
        catch (Exception e) when (e is SourceListException or IOException or UnauthorizedAccessException)
        {
            throw new OptionsException($"topics: {e.Message}");
        }
    }

    public NodeSources PartsOf(PolledSources polled, Action<string, Exception> onError) => new(
        new SourceParts<TopicStatus>(new TopicKind(), [.. maps.Select(m => m.Topic)], Open, _node, onError),
        new SourceParts<SourceStatus>(new PolledKind(), polled.Names, (name, _) => new PolledRun(polled.Open(name)), _node, onError), Fallback);

    /// <summary>A source being polled here, as its actor sees it.</summary>
    private sealed class PolledRun(SourceRun run) : ISourceRun<SourceStatus>
    {
        public Task RunAsync(CancellationToken cancel) => run.RunAsync(cancel);

        public SourceStatus Status => run.Status;

        public void Forget() => run.Forget();
    }

#if KAFKA_STREAMS
    private Config Fallback => maps.Any(m => m.ThroughStreams) ? StreamsTopicReader.Defaults : Config.Empty;

    private static ITopicReader Reader(TopicMap map, ActorSystem system) => map.ThroughStreams ? new StreamsTopicReader(system) : new PlainTopicReader();
#else
    private static Config Fallback => Config.Empty;

    private static PlainTopicReader Reader(TopicMap map, ActorSystem system) => new();
#endif

    private TopicRun Open(string topic, ActorSystem system)
    {
        var map = maps.Single(m => m.Topic == topic);
        var intake = new TopicIntake(map, Ingress, parts.Log.Partitions, _offsets, parts.Time, () => Unfolded() > EngineIntake.UnfoldedMax ? BehindPause : null);
        return new TopicRun(new TopicSource(intake, Reader(map, system), options.Kafka!, parts.Time), _offsets, _node);
    }

    /// <summary>A topic being read here, as its actor sees it.</summary>
    private sealed class TopicRun(TopicSource source, FactTopicOffsets offsets, string node) : ISourceRun<TopicStatus>
    {
        public Task RunAsync(CancellationToken cancel) => source.RunAsync(cancel);

        public TopicStatus Status
        {
            get
            {
                var (intake, bounds, trouble) = (source.Intake, source.Bounds, source.Trouble);
                return new TopicStatus(
                    intake.Map.Topic, trouble is null ? TopicStatus.Reading : TopicStatus.Waiting, trouble, node, source.Reader, intake.Accepted, intake.Refused,
                    [.. intake.Next.OrderBy(n => n.Key).Select(n => new TopicPartitionStatus(n.Key, n.Value, Math.Max(n.Value, bounds.TryGetValue(n.Key, out var b) ? b.High : 0)))]);
            }
        }

        public void Forget() => offsets.Forget(source.Intake.Map.Topic);
    }
}

/// <summary>Offsets as facts, one a topic: `PARTITION:NEXT PARTITION:NEXT …`. A storage format.</summary>
internal sealed class FactTopicOffsets(IFacts facts) : ITopicOffsets
{
    public IReadOnlyDictionary<int, long> Next(string topic) => (facts.Fact(Name(topic)) ?? "")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split(':'))
        .ToDictionary(p => int.Parse(p[0], CultureInfo.InvariantCulture), p => long.Parse(p[1], CultureInfo.InvariantCulture));

    public void Save(string topic, IReadOnlyDictionary<int, long> next) =>
        facts.SetFact(Name(topic), string.Join(' ', next.OrderBy(n => n.Key).Select(n => string.Create(CultureInfo.InvariantCulture, $"{n.Key}:{n.Value}"))));

    public void Forget(string topic) => facts.SetFact(Name(topic), null);

    private static string Name(string topic) => $"topic_{topic}";
}
#endif
