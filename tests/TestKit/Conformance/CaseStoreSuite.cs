using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;
using Lambda.Serving.Cases;
using Lambda.Serving.Ports;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every store of cases must do.</summary>
public abstract class CaseStoreSuite : IDisposable
{
    private static readonly CaseFilter All = new([], null, null, null, 100);

    /// <summary>Opens the store of this test: empty the first time, afterwards with what was put; several may be open at once, as on several nodes.</summary>
    protected abstract ISegmentDatabase OpenDatabase();

    protected CaseStore Open() => new(OpenDatabase());

    public virtual void Dispose() => GC.SuppressFinalize(this);

    public static NewAlert Alert(string customer, string transaction, long offset = 7, Decision decision = Decision.Review, double? score = 0.75, string judgement = "") =>
        new(CustomerId.From(customer), transaction, new Position(1, offset), 1_000_000, 12_50, "EUR", decision, score, judgement);

    [SkippableFact]
    public void Add_WhenReplayed_KeepsOneCaseWithWhatWasDoneToIt()
    {
        var store = Open();
        store.Add([Alert("ann", "t1"), Alert("bob", "t1", decision: Decision.Decline, score: null)], 5);
        var first = store.Get(1)!;
        Assert.True(store.Change(1, 1, CaseDesk.Assign(first, "eve", "eve", "", 6)!));
        store.Add([Alert("ann", "t1", score: 0.1), Alert("ann", "t1"), Alert("ann", "t2")], 9);
        var cases = Open().List(All);
        Assert.Equal(["t2", "t1", "t1"], cases.Select(c => c.Alert.Transaction));
        Assert.Equal(Alert("ann", "t1"), cases[^1].Alert);
        Assert.Equal((CaseState.Assigned, "eve", 2L, 5L, 6L), (cases[^1].State, cases[^1].Assignee, cases[^1].Version, cases[^1].AlertedAtMs, cases[^1].ChangedAtMs));
        Assert.Equal((Decision.Decline, (double?)null), (cases[1].Alert.Decision, cases[1].Alert.Score));
        Assert.Equal((CaseState.Open, 1L), (cases[0].State, cases[0].Version));
    }

    [SkippableFact]
    public void Change_WhenSomebodyWasFaster_DoesNothing()
    {
        var (store, other) = (Open(), Open());
        store.Add([Alert("ann", "t1")], 5);
        var seen = store.Get(1)!;
        var won = new bool[2];
        Parallel.For(0, 2, i => won[i] = (i == 0 ? store : other).Change(1, 1, (i == 0 ? CaseDesk.Confirm(seen, "eve", "sure", 6) : CaseDesk.Dismiss(seen, "bo", "no", 6))!));
        Assert.Single(won, w => w);
        Assert.Single(store.EntriesOf(1));
        Assert.Equal(won[0], Assert.Single(store.DueLabels(9)).IsFraud);
        Assert.False(store.Change(99, 1, CaseDesk.Confirm(seen, "eve", "", 6)!));
        Assert.False(store.Note(99, "eve", "x", 1));
    }

    [SkippableFact]
    public void Note_WhenManyWriteAtOnce_KeepsThemAll()
    {
        var stores = new[] { Open(), Open() };
        stores[0].Add([Alert("ann", "t1")], 5);
        Parallel.For(0, 20, i => Assert.True(stores[i % 2].Note(1, "eve", $"n{i}", 6)));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"n{i}").Order(StringComparer.Ordinal), stores[0].EntriesOf(1).Select(e => e.Text).Order(StringComparer.Ordinal));
        Assert.Equal(1, stores[0].Get(1)!.Version);
    }

    [SkippableFact]
    public void Label_WhenAnotherVerdictCame_StaysDue()
    {
        var store = Open();
        store.Add([Alert("ann", "t1")], 5);
        Assert.Empty(store.DueLabels(9));
        Assert.True(store.Change(1, 1, CaseDesk.Confirm(store.Get(1)!, "eve", "", 6)!));
        var fraud = Assert.Single(store.DueLabels(9));
        Assert.Equal(new DueLabel(1, 2, CustomerId.From("ann"), "t1", true, 6), fraud);
        Assert.True(store.Change(1, 2, CaseDesk.Reopen(store.Get(1)!, "eve", "", 7)!));
        Assert.Equal(fraud, Assert.Single(store.DueLabels(9))); // it was said
        Assert.True(store.Change(1, 3, CaseDesk.Dismiss(store.Get(1)!, "eve", "", 8)!));
        store.LabelAppended(fraud);
        var none = Assert.Single(Open().DueLabels(9));
        Assert.Equal(new DueLabel(1, 4, CustomerId.From("ann"), "t1", false, 8), none);
        store.LabelAppended(none);
        Assert.Empty(store.DueLabels(9));
    }

    [SkippableFact]
    public void List_WhenFilteredAndPaged_HoldsWhatWasAskedFor()
    {
        var store = Open();
        store.Add([.. Enumerable.Range(0, 9).Select(i => Alert(i % 2 == 0 ? "ann" : "bob", $"t{i}", i))], 5);
        Assert.True(store.Change(3, 1, CaseDesk.Assign(store.Get(3)!, "eve", "eve", "", 6)!));
        Assert.True(store.Change(4, 1, CaseDesk.Dismiss(store.Get(4)!, "eve", "", 6)!));
        Assert.Equal([9L, 8], store.List(All with { Limit = 2 }).Select(c => c.Number));
        Assert.Equal([7L, 6], store.List(All with { Limit = 2, Before = 8 }).Select(c => c.Number));
        Assert.Equal([8L, 6, 4, 2], store.List(All with { Customer = CustomerId.From("bob") }).Select(c => c.Number));
        Assert.Equal([3L], store.List(All with { Assignee = "eve" }).Select(c => c.Number));
        Assert.Equal([4L, 3], store.List(All with { States = [CaseState.Assigned, CaseState.Dismissed] }).Select(c => c.Number));
        Assert.Equal((7L, 1L, 1L), (store.Counts()[CaseState.Open], store.Counts()[CaseState.Assigned], store.Counts()[CaseState.Dismissed]));
    }

    [SkippableFact]
    public async Task After_WhileSeveralAdd_MissesNoneAndTellsThemInOrder()
    {
        var (reader, seen) = (Open(), new List<long>());
        reader.Add([], 0);
        var writers = Enumerable.Range(0, 3).Select(w => Open()).Select((store, w) => Task.Run(() =>
        {
            for (var i = 0; i < 15; i++) store.Add([Alert($"c{w}", $"t{i}"), Alert($"d{w}", $"t{i}")], i);
        })).ToList();
        var all = Task.WhenAll(writers);
        for (var ended = false; !ended;)
        {
            ended = all.IsCompleted;
            seen.AddRange(reader.After(seen.Count == 0 ? 0 : seen[^1], 7).Select(c => c.Number));
            if (ended) while (reader.After(seen[^1], 7) is { Count: > 0 } more) seen.AddRange(more.Select(c => c.Number));
        }
        await all;
        Assert.Equal(90, seen.Distinct().Count());
        Assert.Equal(seen.Order(), seen);
        Assert.Equal(seen[^1], reader.Last());
    }

    /// <summary>Cases and changes of segments count in numbers of their own, in one outbox.</summary>
    [SkippableFact]
    public void Outbox_WhenWebhooksAreToldOfAlerts_HoldsEachOnceBesideChangesOfTheSameNumbers()
    {
        var (cases, webhooks) = (Open(), new SegmentStore(OpenDatabase()));
        cases.Add([Alert("ann", "before")], 5);
        var hook = new Webhook("alerts", "https://example.org/x", [], true, "s", "eve", 1) { Topic = WebhookTopic.FraudAlerts };
        webhooks.Add(hook);
        webhooks.Add(hook with { Id = "changes", Topic = WebhookTopic.SegmentChanges });
        Assert.Equal(WebhookTopic.FraudAlerts, webhooks.Get("alerts")!.Topic);
        cases.Add([Alert("ann", "t1", 11), Alert("ann", "t2"), Alert("bob", "t1")], 6);
        cases.Add([Alert("ann", "t1", 11), Alert("bob", "t1")], 7);
        webhooks.Record([.. Enumerable.Range(0, 4).Select(i => SegmentStoreSuite.Change("ann", $"s{i}", true, 4, atMs: 9))], null);
        Assert.Equal((3, 4), (webhooks.Counts()["alerts"].Pending, webhooks.Counts()["changes"].Pending));
        Assert.Equal((6L, 9L), (webhooks.Counts()["alerts"].OldestAtMs, webhooks.Counts()["changes"].OldestAtMs));
        var claimed = webhooks.Claim("alerts", 10, 20, 9).Cast<Delivery.OfAlert>().ToList();
        Assert.Equal(["ann t1", "bob t1"], claimed.Select(d => $"{d.Case.Alert.Customer} {d.Case.Alert.Transaction}")); // of each customer the oldest
        Assert.Equal(1, Assert.Single(webhooks.Claim("changes", 10, 20, 9)).Number);
        webhooks.Delivered("alerts", claimed[0].Number);
        Assert.Equal(0, cases.Forget(CustomerId.From("ann"), 6));
        Assert.Equal(2, webhooks.Counts()["alerts"].Pending);
        Assert.Equal(2, cases.Forget(CustomerId.From("ann"), 10)); // with what waited of t2
        Assert.Equal((1, 4), (webhooks.Counts()["alerts"].Pending, webhooks.Counts()["changes"].Pending));
        webhooks.Trim(10);
        Assert.Equal(1, webhooks.Counts()["alerts"].Pending);
        Assert.False(webhooks.Counts().ContainsKey("changes"));
    }

    [SkippableFact]
    public void Forget_WhenACustomerIsErased_KeepsNothingOfItButWhatCameBehind()
    {
        var store = Open();
        store.Add([Alert("gone", "t1", 5), Alert("gone", "t2", 11), Alert("bob", "t1", 5)], 5);
        Assert.True(store.Note(1, "eve", "called her", 6));
        Assert.True(store.Change(1, 1, CaseDesk.Confirm(store.Get(1)!, "eve", "", 6)!));
        Assert.True(store.Note(3, "eve", "another", 6));
        Assert.Equal(1, store.Forget(CustomerId.From("gone"), 10));
        Assert.Equal(0, store.Forget(CustomerId.From("gone"), 10));
        Assert.Equal(["bob", "gone"], store.List(All).Select(c => c.Alert.Customer.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal("t2", store.List(All with { Customer = CustomerId.From("gone") })[0].Alert.Transaction);
        Assert.Empty(store.EntriesOf(1));
        Assert.Single(store.EntriesOf(3));
        Assert.Empty(store.DueLabels(9));
    }
}
