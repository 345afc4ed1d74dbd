using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Akka.Actor;
using Akka.Serialization;
using Lambda.BatchLayer.Runs;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Messages;

/// <summary>
/// What goes over the wire and into the run's journal. A manifest names the message for ever; messages only grow by fields that an older node skips and a
/// newer one may miss. Reads and authorizations have codecs of their own, the few others are JSON by these names.
/// </summary>
public sealed class ClusterSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private const string ReadManyName = "read", ReadManyReplyName = "parts", AuthorizeName = "authorize", AuthorizedName = "authorized";

    private static readonly Dictionary<string, JsonTypeInfo> ByName = new()
    {
        ["report?"] = ClusterJson.Default.GetReport, ["report"] = ClusterJson.Default.PartitionReport,
        ["adopt"] = ClusterJson.Default.AdoptBase, ["checkpoint"] = ClusterJson.Default.WriteCheckpoint, ["flush-sink"] = ClusterJson.Default.FlushSink, ["write-persons"] = ClusterJson.Default.WritePersons,
        ["build"] = ClusterJson.Default.BuildBase, ["built"] = ClusterJson.Default.BaseBuilt,
        ["compare"] = ClusterJson.Default.CompareBase, ["compared"] = ClusterJson.Default.BaseCompared,
        ["done"] = ClusterJson.Default.Done, ["refused"] = ClusterJson.Default.Refused,
        ["begin-run"] = ClusterJson.Default.BeginRun, ["abandon-run"] = ClusterJson.Default.AbandonRun, ["run"] = ClusterJson.Default.RunAnswer,
        ["run-refused"] = ClusterJson.Default.RunRefused, ["served?"] = ClusterJson.Default.GetServed, ["runs?"] = ClusterJson.Default.GetRuns, ["runs"] = ClusterJson.Default.RunList,
        ["leave"] = ClusterJson.Default.LeaveCluster, ["leaving"] = ClusterJson.Default.Leaving,
        ["topic?"] = ClusterJson.Default.GetTopicReport, ["topic"] = ClusterJson.Default.TopicReport, ["reset-topic"] = ClusterJson.Default.ResetTopic,
        ["source?"] = ClusterJson.Default.GetSourceReport, ["source"] = ClusterJson.Default.SourceReport, ["reset-source"] = ClusterJson.Default.ResetSource,
        ["runs-taken"] = ClusterJson.Default.RunsTaken, ["run-event"] = RunJson.Default.RunEvent,
    };

    private static readonly Dictionary<Type, string> Names = ByName.ToDictionary(n => n.Value.Type, n => n.Key);

    /// <summary>Binds the messages to this serializer.</summary>
    public static string Hocon => $$"""
        akka.actor {
          serializers.lambda = "{{Named(typeof(ClusterSerializer))}}"
          serialization-identifiers."{{Named(typeof(ClusterSerializer))}}" = 8360
          serialization-bindings {
            "{{Named(typeof(IClusterMessage))}}" = lambda
            "{{Named(typeof(RunEvent))}}" = lambda
          }
        }
        """;

    public override int Identifier => 8360;

    public override string Manifest(object o) => o switch
    {
        ReadMany => ReadManyName,
        ReadManyReply => ReadManyReplyName,
        Authorize => AuthorizeName,
        Authorized => AuthorizedName,
        RunEvent => "run-event",
        _ => Names.TryGetValue(o.GetType(), out var name) ? name : throw new ArgumentException($"{o.GetType()} has no name on the wire: add it to {nameof(ClusterSerializer)}"),
    };

    public override byte[] ToBinary(object obj) => obj switch
    {
        ReadMany read => ReadCodec.Write(read),
        ReadManyReply reply => ReadCodec.Write(reply),
        Authorize ask => AuthorizationCodec.Write(ask),
        Authorized answer => AuthorizationCodec.Write(answer),
        RunEvent happened => JsonSerializer.SerializeToUtf8Bytes(happened, RunJson.Default.RunEvent),
        _ => JsonSerializer.SerializeToUtf8Bytes(obj, ByName[Manifest(obj)]),
    };

    public override object FromBinary(byte[] bytes, string manifest) => manifest switch
    {
        ReadManyName => ReadCodec.ReadMany(bytes),
        ReadManyReplyName => ReadCodec.ReadManyReply(bytes),
        AuthorizeName => AuthorizationCodec.Authorize(bytes),
        AuthorizedName => AuthorizationCodec.Authorized(bytes),
        _ when ByName.TryGetValue(manifest, out var type) => JsonSerializer.Deserialize(bytes, type) ?? throw new InvalidDataException($"`{manifest}` is null"),
        _ => throw new InvalidDataException($"`{manifest}` is no message of this version: update this node"),
    };

    private static string Named(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, IncludeFields = true, Converters = [typeof(CutConverter)])]
[JsonSerializable(typeof(GetReport))]
[JsonSerializable(typeof(RunsTaken))]
[JsonSerializable(typeof(GetServed))]
[JsonSerializable(typeof(PartitionReport))]
[JsonSerializable(typeof(AdoptBase))]
[JsonSerializable(typeof(WriteCheckpoint))]
[JsonSerializable(typeof(FlushSink))]
[JsonSerializable(typeof(WritePersons))]
[JsonSerializable(typeof(BuildBase))]
[JsonSerializable(typeof(BaseBuilt))]
[JsonSerializable(typeof(CompareBase))]
[JsonSerializable(typeof(BaseCompared))]
[JsonSerializable(typeof(Done))]
[JsonSerializable(typeof(Refused))]
[JsonSerializable(typeof(BeginRun))]
[JsonSerializable(typeof(AbandonRun))]
[JsonSerializable(typeof(RunAnswer))]
[JsonSerializable(typeof(RunRefused))]
[JsonSerializable(typeof(GetRuns))]
[JsonSerializable(typeof(RunList))]
[JsonSerializable(typeof(LeaveCluster))]
[JsonSerializable(typeof(Leaving))]
[JsonSerializable(typeof(GetTopicReport))]
[JsonSerializable(typeof(TopicReport))]
[JsonSerializable(typeof(ResetTopic))]
[JsonSerializable(typeof(GetSourceReport))]
[JsonSerializable(typeof(SourceReport))]
[JsonSerializable(typeof(ResetSource))]
internal sealed partial class ClusterJson : JsonSerializerContext;
