#if CLUSTER_RUNTIME
using System.Text;
using Akka.Actor;
using Google.Protobuf;
using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.Simulation.Actors.Nodes;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Worker;
using Xunit;

namespace Lambda.ClusterTests.Messages;

/// <summary>Nodes of two versions talk to each other during a rolling upgrade: what was written once is read for ever, what is newer is skipped.</summary>
public sealed class ClusterSerializerTests : IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("codec", ClusterSerializer.Hocon);
    private readonly ClusterSerializer _serializer;

    public ClusterSerializerTests() => _serializer = (ClusterSerializer)_system.Serialization.FindSerializerFor(new GetReport(1));

    public void Dispose() => _system.Dispose();

    [Fact]
    public void Messages_WhenWrittenByTheFirstVersion_AreReadToTheSame()
    {
        var lines = Golden.Read();
        foreach (var message in Samples)
        {
            var manifest = _serializer.Manifest(message);
            Assert.True(lines.TryGetValue(manifest, out var bytes), $"{Golden.File} has no `{manifest}`: run with LAMBDA_REWRITE_DOCS=1 after adding a message");
            // By their bytes: records with lists in them are equal by reference only.
            Assert.Equal(Text(_serializer.ToBinary(message)), Text(_serializer.ToBinary(_serializer.FromBinary(bytes, manifest))));
        }
    }

    [Fact]
    public void Messages_WhenRewritten_AreThoseOfTheFile()
    {
        var now = Samples.ToDictionary(_serializer.Manifest, m => _serializer.ToBinary(m));
        if (Environment.GetEnvironmentVariable("LAMBDA_REWRITE_DOCS") == "1") Golden.Write(now);
        Assert.Equal(Golden.Read().Keys.Order(), now.Keys.Order());
    }

    [Fact]
    public void Messages_WhenANewerNodeAddsFields_AreReadWithoutThem()
    {
        Assert.Equal(new GetReport(3), _serializer.FromBinary("""{"partition":3,"later":{"x":[1]}}"""u8.ToArray(), "report?"));
        var read = new ReadMany(7, [new ReadOne(CustomerId.From("c1"), 12, 5)]);
        using var bytes = new MemoryStream();
        bytes.Write(_serializer.ToBinary(read));
        using (var more = new CodedOutputStream(bytes, leaveOpen: true))
        {
            more.WriteTag(15, WireFormat.WireType.LengthDelimited);
            more.WriteString("newer");
        }
        var back = (ReadMany)_serializer.FromBinary(bytes.ToArray(), "read");
        Assert.Equal((read.Partition, read.Reads[0]), (back.Partition, Assert.Single(back.Reads)));
    }

    [Fact]
    public void Messages_WhenTheNextVersionWroteThem_AreReadToTheSame()
    {
        foreach (var message in Samples)
        {
            var (manifest, bytes) = (_serializer.Manifest(message), _serializer.ToBinary(message));
            var extended = NewerWire.Extend(manifest, bytes);
            Assert.True(extended.Length > bytes.Length);
            Assert.Equal(Text(bytes), Text(_serializer.ToBinary(_serializer.FromBinary(extended, manifest))));
        }
    }

    [Fact]
    public void Messages_WhenTheFirstVersionWroteThemAndTheNextExtends_AreReadToTheSame()
    {
        foreach (var (manifest, bytes) in Golden.Read())
            Assert.Equal(Text(_serializer.ToBinary(_serializer.FromBinary(bytes, manifest))), Text(_serializer.ToBinary(_serializer.FromBinary(NewerWire.Extend(manifest, bytes), manifest))));
    }

    [Fact]
    public void Outcomes_WhenOnlyANewerNodeKnowsThem_AreNoAnswer()
    {
        var reply = new ReadManyReply(1, [new ReadPart((PartOutcome)6, 3, 88, 99, "abc", 4, null, null, null, null)]);
        Assert.Equal(PartOutcome.Unavailable, Assert.Single(((ReadManyReply)_serializer.FromBinary(_serializer.ToBinary(reply), "parts")).Parts).Outcome);
    }

    [Fact]
    public void Manifests_WhenUnknown_AreNamed() =>
        Assert.Contains("`nonsense`", Assert.Throws<InvalidDataException>(() => _serializer.FromBinary([], "nonsense")).Message, StringComparison.Ordinal);

    private static readonly Publication Published = new(3, "run-3", "abc", new Cut([5, 7]), [100, 200], [new Artefact("f0", "h0", 9), new Artefact("f1", "h1", 8)], 300);

    private static readonly RunReport Report = new(
        "run-3", 3, RunState.Checking, "abc", 10, 20, ["because"], new Dictionary<string, long> { ["events"] = 5 }, [(RunState.Barriers, 1), (RunState.Sinking, 2)]);

    private static readonly object[] Samples =
    [
        new RunsTaken(), new GetServed(),
        new Authorize(2, new AuthorizationRequest(CustomerId.From("c1"), new byte[] { 1, 2 }, ["old", "older"], CardStanding.Blocked, 97)),
        new Authorized(2, AuthorizedKind.Decided, new byte[] { 3 }, 0, true, Failing.Storage, "why"),
        new ReadMany(1, [new ReadOne(CustomerId.From("c1"), -1, 0), new ReadOne(CustomerId.From("ü"), 77, 1000)]),
        new ReadManyReply(1,
        [
            new ReadPart(PartOutcome.Found, 3, 88, 99, "abc", 4, [1, 2], [], [3], null),
            new ReadPart(PartOutcome.Unknown, 3, 88, 99, "abc", 0, null, null, null, null),
            ReadPart.Not(PartOutcome.Unavailable, 0, "moving"),
        ]),
        new GetReport(1),
        new PartitionReport(1, "ready", null, "n:1", 5, 3, 4, "abc", "def", 0, 9, 8, 7, 6, "why", 5, "e3 d20000", 4, 3, 2, new WorkerCounters(1, 2, 3, 4, 5)),
        new AdoptBase(1, Published), new WriteCheckpoint(1), new FlushSink(1), new WritePersons(1, [[99, 49]], 7), new BuildBase(1, 3, "abc"), new BaseBuilt(1, 3, Published.Artefacts[0]),
        new CompareBase(1, 4, Published, "def", Published.Artefacts[1], 19_000), new BaseCompared(1, 4, 10, [[99, 49]]), new Done(1), new Refused(1, "why"),
        new BeginRun(), new AbandonRun("run-3"), new RunAnswer(true, Report), new RunRefused("why"), new GetRuns(5), new RunList([Report], Published),
        new LeaveCluster(), new Leaving(),
        new GetTopicReport("crm"), new ResetTopic("crm"), new GetSourceReport("crm"), new ResetSource("crm"),
        new SourceReport(new SourceStatus("crm", "waiting", "why", "n:1", "2026-01-15T10:00:00Z", 5, 1, 2, 3, 4, ["nickname"])),
        new TopicReport(new TopicStatus("crm", "reading", null, "n:1", "plain", 5, 1, [new TopicPartitionStatus(0, 6, 9)])),
        new RunEvent.Published("run-3", 400, Published),
    ];

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private static class Golden
    {
        private static readonly string Path = System.IO.Path.Combine(Root(), "tests", "Cluster.Tests", "Messages", File);

        public const string File = "messages.golden.txt";

        public static Dictionary<string, byte[]> Read() =>
            System.IO.File.ReadAllLines(Path).Select(l => l.Split(' ')).ToDictionary(l => l[0], l => Convert.FromHexString(l[1]));

        public static void Write(Dictionary<string, byte[]> messages) =>
            System.IO.File.WriteAllLines(Path, messages.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key} {Convert.ToHexStringLower(m.Value)}"));

        private static string Root()
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!System.IO.File.Exists(System.IO.Path.Combine(folder.FullName, "Lambda.sln"))) folder = folder.Parent!;
            return folder.FullName;
        }
    }
}
#endif
