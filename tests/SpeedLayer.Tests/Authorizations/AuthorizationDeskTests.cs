using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;
using Xunit;
using static Lambda.SpeedLayer.Authorizations.AuthorizationOutcome;

namespace Lambda.SpeedLayer.Tests.Authorizations;

public sealed class AuthorizationDeskTests
{
    private readonly Desks _desks = new();

    [Fact]
    public void Authorization_WhenAppendedAndNotYetApplied_IsNotAnswered()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        var asked = _desks.Ask(host, "ann", "t1", 100, answers.Add);
        Assert.Empty(answers);
        Assert.Equal(Decision.Approve, asked.Tentative!.Judgement.Decision);
        Assert.Null(asked.Tentative.At);
        Desks.CatchUp(host);
        var decided = Assert.IsType<Decided>(Assert.Single(answers));
        Assert.Equal((0L, false), (decided.At!.Value.Offset, decided.IsRepeat));
        Assert.Equal(0, host.PendingAuthorizations);
    }

    /// <summary>The other three wait for the first, and then for each other: the fourth sees three before it.</summary>
    [Fact]
    public void Authorizations_OfOneCustomerAtOnce_AreDecidedOneBehindTheOther()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        for (var i = 0; i < 4; i++) _desks.Ask(host, "ann", $"t{i}", 100 + i, answers.Add);
        Assert.Single(_desks.Events());
        Desks.CatchUp(host);
        Assert.Equal([Decision.Approve, Decision.Approve, Decision.Approve, Decision.Decline], answers.Select(a => ((Decided)a).Judgement.Decision));
        Assert.Equal([0L, 1, 2, 3], answers.Select(a => ((Decided)a).Judgement.StateOffset));
    }

    [Fact]
    public void Authorization_WhenAskedAtOnceManyTimes_IsDecidedOnce()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        for (var i = 0; i < 20; i++) _desks.Ask(host, "ann", "t1", 100, answers.Add);
        Desks.CatchUp(host);
        Assert.Single(_desks.Events());
        Assert.Equal(20, answers.Count);
        Assert.Single(answers, a => !((Decided)a).IsRepeat);
        Assert.All(answers, a => Assert.Equal(0, ((Decided)a).At!.Value.Offset));
    }

    [Fact]
    public void Authorization_WithTheSameIdAndAnotherContent_IsAConflict()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        _desks.Ask(host, "ann", "t1", 100, answers.Add);
        _desks.Ask(host, "ann", "t1", 101, answers.Add);
        _desks.Ask(host, "bob", "t1", 101, answers.Add); // an id is the customer's
        Desks.CatchUp(host);
        Assert.Equal([typeof(Decided), typeof(Decided), typeof(Conflict)], answers.Select(a => a.GetType()).OrderByDescending(t => t.Name));
    }

    [Fact]
    public void Authorization_WhenItsTokenIsOfAnotherKeyNow_IsStillTheSame()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        _desks.Ask(host, "ann", "t1", 100, answers.Add, token: "old");
        Desks.CatchUp(host);
        foreach (string[] older in new[] { new[] { "older", "old" }, ["older"] })
            host.Authorize(new Asked(new AuthorizationRequest(CustomerId.From("ann"), _desks.Request("ann", "t1", 100, "new"), older, CardStanding.Active, 1_000), _desks.NowMs + 1_000, answers.Add));
        Assert.True(Assert.IsType<Decided>(answers[1]).IsRepeat);
        Assert.IsType<Conflict>(answers[2]);
    }

    [Fact]
    public void Authorization_WhenAnEventHasItsId_IsAConflictAlsoIfItComesBetweenDecisionAndAppend()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        _desks.AppendEvent("ann", "t1"); // the owner has not read it yet: it decides, and its record comes second
        _desks.Ask(host, "ann", "t1", 100, answers.Add);
        Desks.CatchUp(host);
        _desks.Ask(host, "ann", "t1", 100, answers.Add);
        Assert.All(answers, a => Assert.IsType<Conflict>(a));
        Assert.Equal(2, answers.Count);
    }

    [Fact]
    public void Authorization_WhenTheOwnerDiesBetweenAppendAndAnswer_IsAnsweredAsRecorded()
    {
        var dead = _desks.Owner();
        _desks.Ask(dead, "ann", "t1", 100, _ => Assert.Fail("it died before"));
        var next = _desks.Owner();
        Desks.CatchUp(next);
        AuthorizationOutcome? answer = null;
        _desks.Ask(next, "ann", "t1", 100, a => answer = a);
        Assert.True(Assert.IsType<Decided>(answer).IsRepeat);
        Assert.Single(_desks.Events());
    }

    /// <summary>In one slice with the authorization, before the customer could be asked what it now knows.</summary>
    [Fact]
    public void Authorization_WhenTheCustomerIsErasedBeforeTheAnswer_FailsAndTheNextOneGoesOn()
    {
        var (ground, answers) = (new Forgetful(), new List<AuthorizationOutcome>());
        var desk = ground.Desk = new AuthorizationDesk(0, ground, 10);
        desk.Submit(Asked("t1", answers));
        desk.Submit(Asked("t2", answers));
        Assert.Equal(2, desk.Pending);
        desk.Applied();
        Assert.Equal(Failing.Storage, Assert.IsType<Failed>(Assert.Single(answers)).Cause);
        desk.Applied();
        Assert.Equal((2, 0), (answers.Count, desk.Pending));
    }

    private Asked Asked(string id, List<AuthorizationOutcome> answers) =>
        new(new AuthorizationRequest(CustomerId.From("ann"), _desks.Request("ann", id, 100), [], CardStanding.Active, 1_000), _desks.NowMs + 1_000, answers.Add);

    /// <summary>Appends everything and knows nothing of it later.</summary>
    private sealed class Forgetful : IDeskGround
    {
        private static readonly WorkerSettings Settings = new(0, Clock.MsPerDay, 1, 2);
        private int _appended;

        public AuthorizationDesk Desk { get; set; } = null!;
        public long Applied { get; private set; }

        public void Look(Asked asked, bool decide) =>
            Desk.Looked(asked, SpeedLayer.Authorizations.Look.At(asked, new CustomerEntity(asked.Request.Customer), Settings, DecisionBasis.Nothing, Applied, 0, 0, decide), 0);

        public void Append(Asked asked, byte[] record)
        {
            Desk.Appended(asked, _appended++);
            Applied = _appended;
        }

        public void Read(Asked asked, long offset) => throw new InvalidOperationException("nothing is known");
    }

    [Fact]
    public void Authorization_WhenTheClockJumps_IsStillAnswered()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        _desks.Ask(host, "ann", "t1", 100, answers.Add);
        _desks.Time.Advance(TimeSpan.FromDays(400));
        Desks.CatchUp(host);
        Assert.IsType<Decided>(Assert.Single(answers));
    }

    [Fact]
    public void Authorization_WhenTheLogCannotTakeIt_FailsAndTheNextOneGoesOn()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        _desks.Log.Full = true;
        _desks.Ask(host, "ann", "t1", 100, answers.Add);
        Assert.Equal(Failing.Storage, Assert.IsType<Failed>(Assert.Single(answers)).Cause);
        _desks.Log.Full = false;
        _desks.Ask(host, "ann", "t1", 100, answers.Add);
        Desks.CatchUp(host);
        Assert.False(Assert.IsType<Decided>(answers[1]).IsRepeat);
    }

    [Fact]
    public void Authorization_BehindItsDeadline_IsNotDecidedAnyMore()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        _desks.Ask(host, "ann", "t1", 100, answers.Add);
        _desks.Ask(host, "ann", "t2", 100, answers.Add, patienceMs: 50);
        _desks.Time.Advance(TimeSpan.FromMilliseconds(60));
        Desks.CatchUp(host);
        Assert.IsType<Decided>(answers[0]);
        Assert.Equal(Failing.Deadline, Assert.IsType<Failed>(answers[1]).Cause);
        Assert.Single(_desks.Events());
    }

    [Fact]
    public void Authorizations_AboveTheLimit_AreShed()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        for (var i = 0; i <= Limits.AuthorizationsPending; i++) _desks.Ask(host, $"c{i}", "t", 100, answers.Add);
        Assert.Equal(Failing.Overload, Assert.IsType<Failed>(Assert.Single(answers)).Cause);
        Desks.CatchUp(host);
        Assert.Equal(Limits.AuthorizationsPending + 1, answers.Count);
    }

    [Fact]
    public void Authorizations_WhenTheOwnerStops_AreAllAnswered()
    {
        var host = _desks.Owner();
        var answers = new List<AuthorizationOutcome>();
        for (var i = 0; i < 3; i++) _desks.Ask(host, "ann", $"t{i}", 100, answers.Add);
        host.Stop(new InvalidOperationException("stopped"));
        Assert.Equal(3, answers.Count);
        Assert.Null(Assert.IsType<Decided>(answers[0]).At); // appended: its record stays
        Assert.All(answers.Skip(1), a => Assert.Equal(Failing.Storage, Assert.IsType<Failed>(a).Cause));
        _desks.Ask(host, "bob", "t", 100, answers.Add);
        Assert.Equal(Failing.Storage, Assert.IsType<Failed>(answers[3]).Cause);
    }

    [Fact]
    public void Card_WhenFolded_IsInTheDirectoryAndAgainAfterACrash()
    {
        var host = _desks.Owner();
        _desks.AppendEvent("ann", "tok-1", "card");
        Desks.CatchUp(host);
        Assert.Equal("ann", _desks.Cards.Find("tok-1")!.Customer.ToString());
        _desks.Cards.Forget(CustomerId.From("ann"), long.MaxValue);
        Desks.CatchUp(_desks.Owner()); // no checkpoint since: replay tells it again
        Assert.NotNull(_desks.Cards.Find("tok-1"));
    }

    /// <summary>Two owners of one log, neither knowing of the other, that die and come back, and events in between: whatever was answered is what the log says first.</summary>
    [Fact]
    public void Answers_OfOwnersThatOvertakeEachOther_AreTheLogsFirst()
    {
        for (var seed = 0; seed < 60; seed++) new Life(seed).Live();
    }

    private sealed class Life(int seed)
    {
        private readonly Desks _desks = new();
        private readonly Random _random = new(seed);
        private readonly List<(string Customer, string Id, long Amount, AuthorizationOutcome Outcome, long Applied)> _answers = [];

        public void Live()
        {
            ICheckpointStore[] stores = [new MemoryCheckpointStore(), new MemoryCheckpointStore()];
            PartitionHost[] owners = [_desks.Owner(stores[0]), _desks.Owner(stores[1])];
            for (var i = 0; i < 150; i++)
            {
                var which = _random.Next(2);
                var (customer, id, amount) = ($"c{_random.Next(3)}", $"t{_random.Next(40)}", 100L + _random.Next(2));
                switch (_random.Next(10))
                {
                    case < 6:
                        var applied = owners[which].Applied;
                        _desks.Ask(owners[which], customer, id, amount, a => _answers.Add((customer, id, amount, a, applied)));
                        break;
                    case 6: _desks.AppendEvent(customer, _random.Next(4) == 0 ? id : $"e{i}"); break;
                    case 7: Desks.CatchUp(owners[which]); break;
                    case 8: owners[which].Step(1); break;
                    default:
                        if (_random.Next(2) == 0) owners[which].RequestCheckpoint();
                        if (_random.Next(2) == 0) Desks.CatchUp(owners[which]);
                        owners[which] = _desks.Owner(stores[which]);
                        break;
                }
            }
            foreach (var owner in owners) Desks.CatchUp(owner);
            Check();
        }

        private void Check()
        {
            var events = _desks.Events();
            var first = events.GroupBy(e => (Text(e.CustomerId), Text(e.EventId))).ToDictionary(g => g.Key, g => g.First());
            Assert.True(_answers.Count > 30, $"seed {seed}: {_answers.Count} answers");
            foreach (var (customer, id, amount, outcome, applied) in _answers)
            {
                var winner = first[(customer, id)];
                var isAuthorization = winner.Type == EventCatalog.Transaction;
                if (outcome is Decided decided)
                {
                    Assert.True(isAuthorization && decided.At!.Value.Offset == winner.Offset && winner.Number(EventCatalog.AmountMinor.Ordinal) == amount, $"seed {seed}: {id} of {customer} was answered by {decided.At}, the first is at {winner.Offset}");
                    Assert.Equal(winner.Body.ToArray(), decided.Body.ToArray());
                    Recompute(events, winner, AuthorizationJson.Read(decided.Body));
                }
                else
                {
                    Assert.IsType<Conflict>(outcome);
                    Assert.True(!isAuthorization || winner.Number(EventCatalog.AmountMinor.Ordinal) != amount, $"seed {seed}: {id} of {customer} was refused for no reason");
                }
            }
        }

        /// <summary>The vector is what the customer's distinct events below the state's position say.</summary>
        private void Recompute(List<EventRow> events, EventRow row, Judgement recorded)
        {
            var (memory, seen, vector) = (new CustomerFraudMemory(), new HashSet<string>(), new float[FraudFeatures.Count]);
            foreach (var it in events.Where(e => e.Offset < recorded.StateOffset && e.CustomerId.SequenceEqual(row.CustomerId)))
                if (seen.Add(Text(it.EventId)) && FraudEvents.TryOf(it, out var fraud)) memory.Apply(fraud);
            FraudFeatures.Compute(FraudEvents.TransactionOf(row), memory, null, recorded.LabelDelayDays, vector);
            Assert.True(vector.SequenceEqual(recorded.Features), $"seed {seed}: features of {row.Offset} are not those of the records below {recorded.StateOffset}");
        }

        private static string Text(ReadOnlySpan<byte> utf8) => System.Text.Encoding.UTF8.GetString(utf8);
    }
}
