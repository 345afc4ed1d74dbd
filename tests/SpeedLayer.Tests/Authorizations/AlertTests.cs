using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Authorizations;

/// <summary>Alerts in a list; fails when told to.</summary>
internal sealed class ListedAlerts : ICaseStore
{
    public List<NewAlert> All { get; } = [];
    public bool IsDown { get; set; }

    public void Add(IReadOnlyList<NewAlert> alerts, long nowMs)
    {
        if (IsDown) throw new StorageException("cases", "disk full", isTransient: true);
        All.AddRange(alerts);
    }
}

/// <summary>What is decided and not just approved becomes an alert, whatever stops.</summary>
public sealed class AlertTests
{
    private readonly Desks _desks = new();

    [Fact]
    public void Authorization_WhenNotApproved_BecomesAnAlertWithItsJudgement()
    {
        var host = _desks.Owner();
        var answers = Spend(host);
        var refused = answers.Where(a => a.Value != Decision.Approve).Select(a => a.Key).ToList();
        Assert.NotEmpty(refused);
        Assert.Equal(refused, _desks.Alerts.All.Select(a => a.Transaction));
        var alert = _desks.Alerts.All[0];
        Assert.Equal((CustomerId.From("ann"), 1000L, "EUR", answers[alert.Transaction]), (alert.Customer, alert.AmountMinor, alert.Currency, alert.Decision));
        Assert.Equal(answers[alert.Transaction], AuthorizationJson.Read(Encoding.UTF8.GetBytes($"{{\"authorization\":{alert.Judgement}}}")).Decision);
    }

    [Fact]
    public async Task Alerts_WhenTheStoreIsDown_HoldUpNoAnswerAndAreToldAfterACrash()
    {
        _desks.Alerts.IsDown = true;
        var host = _desks.Owner();
        var refused = Spend(host).Where(a => a.Value != Decision.Approve).Select(a => a.Key).ToList();
        host.RequestCheckpoint();
        Desks.CatchUp(host);
        Assert.Equal(0, host.StoredAtOffset); // else nobody would fold them again
        Assert.Contains("cases", host.CheckpointFault!.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<CheckpointWriteException>(() => Task.Run(host.CheckpointNowAsync)).WaitAsync(TimeSpan.FromSeconds(10)); // a clean stop ends all the same
        _desks.Alerts.IsDown = false;
        Desks.CatchUp(_desks.Owner());
        Assert.Equal(refused, _desks.Alerts.All.Select(a => a.Transaction));
    }

    [Fact]
    public void Alerts_WhenTheStoreComesBack_AreStoredOnceAndTheCheckpointGoesOn()
    {
        _desks.Alerts.IsDown = true;
        var host = _desks.Owner();
        var refused = Spend(host).Count(a => a.Value != Decision.Approve);
        _desks.Alerts.IsDown = false;
        _desks.Time.Advance(TimeSpan.FromMinutes(1));
        host.RequestCheckpoint();
        for (var i = 0; i < 10; i++) host.Step(1 << 20);
        Assert.Equal(refused, _desks.Alerts.All.Count);
        Assert.Equal(host.Applied, host.StoredAtOffset);
    }

    /// <summary>A slow store holds up neither folding nor answers, only the checkpoint; nothing is written twice or left behind.</summary>
    [Fact]
    public void Alerts_WhenTheirStoreIsSlow_AreWrittenAsideInTheirOrder()
    {
        var aside = new Queue<Task>();
        _desks.Background = work =>
        {
            aside.Enqueue(new Task(work));
            return aside.Last();
        };
        var host = _desks.Owner();
        var refused = Spend(host).Where(a => a.Value != Decision.Approve).Select(a => a.Key).ToList();
        Assert.True(refused.Count > 1);
        Assert.Single(aside);
        Assert.Empty(_desks.Alerts.All);
        host.RequestCheckpoint();
        host.Step(1 << 20);
        Assert.False(host.IsCheckpointing);
        for (var i = 0; i < 9 && !host.IsCheckpointing; i++)
        {
            if (aside.TryDequeue(out var work)) work.RunSynchronously();
            host.Step(1 << 20);
        }
        Assert.True(host.IsCheckpointing);
        Assert.Equal(refused, _desks.Alerts.All.Select(a => a.Transaction));
    }

    [Theory]
    [InlineData("")]
    [InlineData(""","authorization":7""")]
    [InlineData(""","authorization":{"decision":"maybe"}""")]
    public void Event_WhenItsDecisionIsNotOurs_StopsNobody(string more)
    {
        var host = _desks.Owner();
        var row = new EventRow();
        RecordCodec.Read(_desks.Request("ann", "x", 5), row);
        _desks.Append(new RecordWriter().Copy(row).SetText(EventCatalog.Decision, "decline"u8).Finish(Encoding.UTF8.GetBytes($$"""{"x":1{{more}}}""")).ToArray());
        Desks.CatchUp(host);
        Assert.Null(host.Fault);
        var alert = Assert.Single(_desks.Alerts.All);
        Assert.Equal((Decision.Decline, (double?)null, new Position(0, 0)), (alert.Decision, alert.Score, alert.At));
    }

    /// <summary>As many as the rules do not let through any more.</summary>
    private Dictionary<string, Decision> Spend(PartitionHost host)
    {
        var answers = new Dictionary<string, Decision>();
        for (var i = 0; i < 12; i++)
        {
            var id = $"t{i:00}";
            _desks.Ask(host, "ann", id, 1000, outcome => answers[id] = ((AuthorizationOutcome.Decided)outcome).Judgement.Decision);
            Desks.CatchUp(host);
        }
        Assert.Equal(12, answers.Count);
        return answers;
    }
}
