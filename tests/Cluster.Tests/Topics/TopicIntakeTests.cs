using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Sources;
using Lambda.SpeedLayer.Topics;
using Lambda.TestKit;
using Xunit;

namespace Lambda.ClusterTests.Topics;

public sealed class TopicIntakeTests
{
    private const int P = 4;
    private readonly ManualTime _time = new();
    private readonly MemoryQuarantine _quarantine = new();
    private readonly MemoryTopicOffsets _offsets = new();
    private readonly MemoryLog _log;
    private readonly EventIngress _ingress;

    public TopicIntakeTests() => _ingress = new EventIngress(_log = new MemoryLog(P, _time), _quarantine, _time);

    [Fact]
    public async Task Take_WhenSomeAreBad_GoodOnesAreAppendedAndBadOnesNamedByPosition()
    {
        var intake = Intake("topics: [{topic: app}]");
        await intake.TakeAsync([Message(2, 7, Login("e1")), Message(2, 8, "no json"), Message(0, 3, """{"event_id":"x","type":"login"}""")], default);
        Assert.Equal(["e1"], EventIds());
        Assert.Equal(["app:0:3", "app:2:8"], _quarantine.List(0, 10, null, false).Select(e => e.Source).Order());
        Assert.Equal((9, 4), (_offsets.Next("app")[2], _offsets.Next("app")[0]));
        Assert.Equal((1, 2), (intake.Accepted, intake.Refused));
    }

    [Fact]
    public async Task Take_WhenMapped_MakesEventsOfTheirMessages()
    {
        var intake = Intake("""
            topics:
              - topic: crm
                event_id: position
                rename: { who: customer_id, at: occurred_at }
                constants: { type: login, channel: branch, success: true, device_id: "17" }
            """);
        await intake.TakeAsync([Message(1, 5, """{"who":"c7","at":"2026-01-15T10:00:00Z","channel":"app"}"""), Message(1, 6, "[1]")], default);
        Assert.Equal(["crm:1:5"], EventIds());
        Assert.Equal(["crm:1:6"], _quarantine.List(0, 10, null, false).Select(e => e.Source));
    }

    [Fact]
    public async Task Take_WhenTheLogIsFull_WaitsAndKeepsNoOffset()
    {
        _log.Full = true;
        var intake = Intake("topics: [{topic: app}]");
        using var cancel = new CancellationTokenSource();
        var taking = intake.TakeAsync([Message(0, 0, Login("e1"))], cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);
        Assert.Empty(_offsets.Next("app"));
    }

    [Fact]
    public void Begin_WhenAskedAgain_StaysAtTheFirstAnswer()
    {
        var intake = Intake("topics: [{topic: app, start: end}]");
        Assert.True(intake.Map.FromEnd);
        Assert.Equal(40, intake.Begin(Bounds((10, 40)))[0]);
        Assert.Equal(40, intake.Begin(Bounds((10, 55)))[0]);
    }

    [Fact]
    public void Begin_WhenATopicGotAnotherPartition_ReadsThatFromItsBeginning()
    {
        var intake = Intake("topics: [{topic: app, start: end}]");
        intake.Begin(Bounds((0, 40)));
        Assert.Equal(new Dictionary<int, long> { [0] = 40, [1] = 3 }, intake.Begin(Bounds((0, 60), (3, 20))));
        Assert.Equal(3, _offsets.Next("app")[1]);
    }

    [Fact]
    public async Task Take_WhenFoldingIsBehind_WaitsBeforeItAppends()
    {
        var behind = true;
        var asked = new TaskCompletionSource();
        var intake = new TopicIntake(TopicMapReader.Read("topics: [{topic: app}]", "t.yaml")[0], _ingress, P, _offsets, TimeProvider.System, () =>
        {
            asked.TrySetResult();
            return behind ? TimeSpan.FromMilliseconds(1) : null;
        });
        var taking = intake.TakeAsync([Message(0, 0, Login("e1"))], default);
        await asked.Task;
        Assert.Empty(EventIds());
        behind = false;
        await taking;
        Assert.Equal(["e1"], EventIds());
    }

    [Theory]
    [InlineData("topics: [{topic: a, sart: end}]", "t.yaml:1:21: unknown name `sart`")]
    [InlineData("topics: [{topic: a, start: now}]", "t.yaml:1:28: found `now`, expected beginning or end")]
    [InlineData("topics: [{topic: a, reader: fast}]", "t.yaml:1:29: found `fast`, expected plain or streams")]
    [InlineData("topics: [{topic: a}, {topic: a}]", "t.yaml:1:22: topic `a` stands twice")]
    [InlineData("topic: a", "t.yaml:1:1: unknown name `topic`")]
    [InlineData("topics: []", "t.yaml:1:9: expected `topics:` with at least one topic")]
    public void Map_WhenWrong_NamesThePlace(string yaml, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<SourceListException>(() => TopicMapReader.Read(yaml, "t.yaml")).Message);

    private TopicIntake Intake(string yaml) => new(TopicMapReader.Read(yaml, "t.yaml")[0], _ingress, P, _offsets, _time);

    internal static string Login(string id) => $$"""{"event_id":"{{id}}","customer_id":"c-{{id}}","type":"login","success":true,"occurred_at":"2026-01-15T10:00:00Z"}""";

    private static Dictionary<int, TopicBounds> Bounds(params (long Low, long High)[] partitions) =>
        partitions.Select((b, p) => (p, b)).ToDictionary(x => x.p, x => new TopicBounds(x.b.Low, x.b.High));

    private static TopicMessage Message(int partition, long offset, string text) => new(partition, offset, Encoding.UTF8.GetBytes(text));

    private IEnumerable<string> EventIds() => EventIds(_log);

    internal static IEnumerable<string> EventIds(MemoryLog log)
    {
        var row = new EventRow();
        for (var p = 0; p < log.Partitions; p++)
            foreach (var frame in log.Read(p, 0, int.MaxValue))
                foreach (var (_, record) in frame)
                {
                    RecordCodec.Read(record, row);
                    yield return Encoding.UTF8.GetString(row.EventId);
                }
    }
}

internal sealed class MemoryTopicOffsets : ITopicOffsets
{
    private readonly Dictionary<string, IReadOnlyDictionary<int, long>> _next = [];

    public IReadOnlyDictionary<int, long> Next(string topic) { lock (_next) return _next.GetValueOrDefault(topic) ?? new Dictionary<int, long>(); }

    public void Save(string topic, IReadOnlyDictionary<int, long> next) { lock (_next) _next[topic] = next; }
}
