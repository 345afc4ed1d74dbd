using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Segments;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every store of segments must do: memberships, the feed and the outbox stay together.</summary>
public abstract class SegmentStoreSuite : IDisposable
{
    private const string Hash = "d1";

    /// <summary>Opens the store of this test: empty the first time, afterwards with what was put; several may be open at once, as on several nodes.</summary>
    protected abstract SegmentStore Open();

    public virtual void Dispose() => GC.SuppressFinalize(this);

    public static SegmentChange Change(string customer, string segment, bool entered, long offset = 7, ChangeCause cause = ChangeCause.Event, long atMs = 1_000) =>
        new(CustomerId.From(customer), segment, entered, Hash, new Position(1, offset), 20_000, cause, atMs) { OthersAt = 3, Linked = 2 };

    private static Webhook Hook(string id, params string[] segments) => new(id, "https://example.org/x", segments, true, "whsec_1", "ann", 5);

    private static SegmentChange ChangeOf(Delivery delivery) => Assert.IsType<Delivery.OfChange>(delivery).Change.Change;

    [SkippableFact]
    public void Forget_WhenACustomerIsErased_KeepsNothingOfItButWhatCameBehind()
    {
        var store = Open();
        store.Record([Change("gone", "a", true, 5), Change("back", "a", true, 5), Change("bob", "a", true, 5)], null);
        store.Record([Change("gone", "a", false, 11), Change("back", "a", false, 11)], null); // the erasure, at 10
        store.Record([Change("back", "b", true, 12)], null);
        Assert.Equal(2, store.Forget(CustomerId.From("gone"), 10)); // both changes; the membership had ended
        Assert.Equal(0, store.Forget(CustomerId.From("gone"), 10));
        Assert.NotNull(store.Forget(CustomerId.From("back"), 10));
        Assert.Equal(["back", "back", "bob"], store.After(0, 10).Select(c => c.Change.Customer.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal("b", Assert.Single(store.MembershipsOf([CustomerId.From("back")])[CustomerId.From("back")]).Segment);
    }

    [SkippableFact]
    public void Forget_WhenAWebhookIsStillToBeTold_Waits()
    {
        var store = Open();
        store.Add(new("h", "https://example.org", [], true, "s", "ann", 1));
        store.Record([Change("gone", "a", true, 5)], null);
        Assert.Null(store.Forget(CustomerId.From("gone"), 10));
        foreach (var due in store.Claim("h", 10, long.MaxValue, 9)) store.Delivered("h", due.Number);
        Assert.NotNull(store.Forget(CustomerId.From("gone"), 10));
        Assert.Empty(store.After(0, 10));
    }

    [SkippableFact]
    public void Record_WhenCustomersEnterAndLeave_KeepsWhoIsInAndTellsBoth()
    {
        var store = Open();
        Assert.Equal((1, 0), store.Ends());
        store.Record([Change("zoë", "a", true), Change("zoë", "b", true, cause: ChangeCause.Day), Change("bob", "a", true)], null);
        store.Record([Change("zoë", "a", false, 9)], null);
        var again = Open();
        var members = again.MembershipsOf([CustomerId.From("zoë"), CustomerId.From("bob"), CustomerId.From("nobody")]);
        Assert.Equal(2, members.Count);
        Assert.Equal(Change("zoë", "b", true, cause: ChangeCause.Day), Assert.Single(members[CustomerId.From("zoë")]));
        Assert.Equal((1, 4), again.Ends());
        Assert.Equal([2, 3, 4], again.After(1, 10).Select(c => c.Number));
        Assert.Equal(Change("zoë", "a", false, 9), again.After(3, 10).Single().Change);
        Assert.Equal(2, again.After(0, 2).Count);
        Assert.Equal((Hash, null), (again.LastDefinitionOf(CustomerId.From("zoë")), again.LastDefinitionOf(CustomerId.From("nobody"))));
    }

    [SkippableFact]
    public void Record_WhenACustomerEntersAgain_HasTheNewerSince()
    {
        var store = Open();
        store.Record([Change("zoë", "a", true)], null);
        store.Record([Change("zoë", "a", false, 8), Change("zoë", "a", true, 9)], null);
        Assert.Equal(9, store.MembershipsOf([CustomerId.From("zoë")])[CustomerId.From("zoë")].Single().At.Offset);
    }

    [SkippableFact]
    public void Consent_WhenWithdrawnAndGivenAgain_MovesTheMembershipForThatPurposeOnly()
    {
        var store = Open();
        store.Record([Change("zoë", "a", true) with { Purposes = Of("marketing", "profiling") }, Change("bob", "a", true)], null);
        store.Record([Change("zoë", "a", false, 8, ChangeCause.Consent) with { Purposes = Of("marketing") }], null);
        Assert.Equal(Change("zoë", "a", true) with { Purposes = Of("profiling") }, Member()); // since when it is in is as it was
        Assert.Equal(["entered zoë", "entered bob"], Told(null));
        Assert.Equal(["entered zoë"], Told("profiling"));
        Assert.Equal(["left zoë"], Told("marketing")); // who comes late is not told whom it was
        Assert.Empty(Told("analytics"));
        store.Record([Change("zoë", "a", true, 9, ChangeCause.Consent) with { Purposes = Of("marketing") }], null);
        Assert.Equal(Of("marketing", "profiling"), Member().Purposes);
        Assert.Equal(["left zoë", "entered zoë"], Told("marketing"));
        store.Record([Change("zoë", "a", false, 10) with { Purposes = Of("marketing", "profiling") }], null);
        Assert.Empty(store.MembershipsOf([CustomerId.From("zoë")]));
        Assert.Equal(["entered zoë", "left zoë"], Told("profiling"));

        SegmentChange Member() => Open().MembershipsOf([CustomerId.From("zoë")])[CustomerId.From("zoë")].Single();
        IEnumerable<string> Told(string? purpose) => Open().After(0, 99, purpose).Select(c => $"{(c.Change.Entered ? "entered" : "left")} {c.Change.Customer}");
    }

    [SkippableFact]
    public void Outbox_WhenAWebhookHasAPurpose_HoldsForItWhoAgrees()
    {
        var store = Open();
        store.Add(Hook("all"));
        store.Add(Hook("marketing") with { Purpose = "marketing" });
        store.Record([Change("zoë", "a", true) with { Purposes = Of("marketing") }, Change("zoë", "b", true) with { Purposes = Of("marketing") }, Change("bob", "a", true) with { Purposes = Of("profiling") }], null);
        Assert.Equal((3, 2), (store.Counts()["all"].Pending, store.Counts()["marketing"].Pending));
        store.Record([Change("zoë", "a", false, 8, ChangeCause.Consent) with { Purposes = Of("marketing") }], null);
        Assert.Equal((3, 2), (store.Counts()["all"].Pending, store.Counts()["marketing"].Pending)); // that zoë entered a is not sent any more, that she left is
        Assert.Equal("b", ChangeOf(store.Claim("marketing", 10, 20, 9).Single()).Segment);
        store.Delivered("marketing", 2);
        Assert.Equal(("a", false, ChangeCause.Consent), store.Claim("marketing", 10, 20, 9).Select(ChangeOf).Select(c => (c.Segment, c.Entered, c.Cause)).Single());
        Assert.Equal("marketing", Open().Get("marketing")!.Purpose);
        Assert.Null(Open().Get("all")!.Purpose);
    }

    private static PurposeSet Of(params string[] purposes) => PurposeSet.Parse(string.Join(' ', purposes));

    [SkippableFact]
    public void Rotate_WhenTheSecretIsAnother_ChangesNothing()
    {
        var store = Open();
        store.Add(Hook("h"));
        Assert.True(store.Rotate("h", "whsec_1", "whsec_2", 500));
        Assert.False(store.Rotate("h", "whsec_1", "whsec_3", 600));
        Assert.False(store.Rotate("nobody", "whsec_1", "whsec_3", 600));
        Assert.Equal(("whsec_2", ("whsec_1", 500L)), (Open().Get("h")!.Secret, Open().Get("h")!.Previous));
    }

    [SkippableFact]
    public void SealSecrets_OfBefore_LeavesNoneInTheClear()
    {
        var (store, secrets) = (Open(), new WebhookSecrets(new byte[32]));
        store.Add(Hook("old"));
        store.Add(Hook("new") with { Secret = secrets.Seal("new", "whsec_9"), Previous = ("whsec_8", 500) });
        var sealedOnce = store.Get("new")!.Secret;
        store.SealSecrets(new WebhookSecrets(null), 400);
        Assert.Equal("whsec_1", store.Get("old")!.Secret); // without a key they stay as they are
        store.SealSecrets(secrets, 400);
        Assert.True(WebhookSecrets.IsSealed(store.Get("old")!.Secret));
        Assert.Equal(("whsec_1", "whsec_9"), (secrets.Open("old", store.Get("old")!.Secret), secrets.Open("new", store.Get("new")!.Secret)));
        Assert.Equal((sealedOnce, ("whsec_8", 500L)), (store.Get("new")!.Secret, store.Get("new")!.Previous));
        store.SealSecrets(secrets, 500);
        Assert.Null(store.Get("new")!.Previous);
    }

    [SkippableFact]
    public void Sweeps_WhenNoted_AreFoundByTheNextOwner()
    {
        var store = Open();
        Assert.Null(store.SweepOf(1));
        store.SetSweep(1, new SegmentSweep("x", 5));
        store.SetSweep(1, new SegmentSweep(Hash, 6));
        Assert.Equal((new SegmentSweep(Hash, 6), (SegmentSweep?)null), (Open().SweepOf(1), Open().SweepOf(2)));
    }

    [SkippableFact]
    public void Feed_WhenManyRecordAtOnce_NeverShowsANumberBeforeALowerOne()
    {
        var (seen, stop) = (0L, false);
        var reader = Open();
        var reading = Task.Run(() =>
        {
            var next = 0L;
            while (!Volatile.Read(ref stop) || reader.Ends().Last > next)
                foreach (var change in reader.After(next, 50))
                {
                    if (change.Number != next + 1) throw new InvalidOperationException($"{change.Number} came behind {next}");
                    next = change.Number;
                    Interlocked.Increment(ref seen);
                }
        });
        Parallel.For(0, 4, node =>
        {
            var store = Open();
            for (var i = 0; i < 25; i++) store.Record([Change($"{node}-{i}", "a", true), Change($"{node}-{i}", "b", true)], null);
        });
        Volatile.Write(ref stop, true);
        reading.Wait();
        Assert.Equal(200, seen);
    }

    [SkippableFact]
    public void Webhooks_WhenMadeAndChanged_AreListedInTheirOrder()
    {
        var store = Open();
        Assert.Null(store.Get("wh-1"));
        store.Add(Hook("wh-1", "a"));
        store.Add(Hook("wh-2") with { CreatedAtMs = 6 });
        Assert.True(store.Change("wh-1", "https://example.org/y", ["a_b", "c"], false));
        Assert.False(store.Change("wh-9", "https://example.org/y", [], false));
        Assert.Equal(["wh-1", "wh-2"], Open().List().Select(w => w.Id));
        var changed = Open().Get("wh-1")!;
        Assert.Equal(("https://example.org/y", false, "whsec_1", "ann", 5), (changed.Url, changed.Enabled, changed.Secret, changed.CreatedBy, changed.CreatedAtMs));
        Assert.Equal(["a_b", "c"], changed.Segments);
        Assert.True(store.Remove("wh-1"));
        Assert.False(store.Remove("wh-1"));
        Assert.Equal(["wh-2"], Open().List().Select(w => w.Id));
    }

    [SkippableFact]
    public void Outbox_WhenChangesAreRecorded_HoldsThemForThoseWhoWantThem()
    {
        var store = Open();
        store.Record([Change("zoë", "a", true)], null);
        store.Add(Hook("all"));
        store.Add(Hook("some", "a_b", "c"));
        store.Record([Change("zoë", "a", false), Change("zoë", "a_b", true), Change("zoë", "axb", true), Change("zoë", "c", true)], null);
        Assert.Equal((4, 2), (store.Counts()["all"].Pending, store.Counts()["some"].Pending));
        Assert.Equal("a", ChangeOf(Assert.Single(store.Claim("all", 10, 20, 9))).Segment); // what was before it was made is not told
    }

    [SkippableFact]
    public void Claim_WhenACustomerHasSeveral_GivesTheOldestAndOthersMeanwhile()
    {
        var (store, other) = (Open(), Open());
        store.Add(Hook("h"));
        store.Record([Change("zoë", "a", true), Change("zoë", "b", true), Change("bob", "a", true)], null);
        Assert.Equal(["zoë", "bob"], store.Claim("h", 10, 20, 9).Select(d => ChangeOf(d).Customer.ToString()));
        Assert.Empty(other.Claim("h", 19, 30, 9));
        store.Delivered("h", 1);
        Assert.Equal(2, Assert.Single(other.Claim("h", 19, 30, 9)).Number);
        Assert.Equal(3, Assert.Single(store.Claim("h", 20, 30, 9)).Number); // whoever had it is gone
        store.Delivered("h", 2);
        store.Failed("h", 3, 4, 100, "answered 500");
        Assert.Empty(store.Claim("h", 99, 110, 9));
        Assert.Equal(4, Assert.Single(store.Claim("h", 100, 110, 9)).Attempts);
        Assert.Equal(new OutboxCounts(1, 0, 1_000, "answered 500"), store.Counts()["h"]);
    }

    [SkippableFact]
    public void GiveUp_WhenOneIsDead_LetsTheNextOfItsCustomerGoOn()
    {
        var store = Open();
        store.Add(Hook("h"));
        store.Record([Change("zoë", "a", true), Change("zoë", "b", true)], null);
        store.Claim("h", 10, 20, 9);
        store.GiveUp("h", 1, 64, "gone");
        Assert.Equal(2, Assert.Single(store.Claim("h", 10, 20, 9)).Number);
        Assert.Equal(new OutboxCounts(1, 1, 1_000, "gone"), store.Counts()["h"]);
        Assert.Equal((1, 0), (store.RetryDead("h"), store.RetryDead("h")));
        Assert.Equal((1, 0), Assert.Single(store.Claim("h", 10, 20, 9)) is var d ? (d.Number, d.Attempts) : default);
        Assert.True(store.Remove("h"));
        Assert.Empty(store.Counts());
    }

    [SkippableFact]
    public void Trim_WhenChangesAreOld_ForgetsThemButNotWhoIsIn()
    {
        var store = Open();
        store.Add(Hook("h"));
        store.Record([Change("zoë", "a", true, atMs: 10), Change("zoë", "b", true, atMs: 20)], null);
        Assert.Equal(1, store.Trim(20));
        Assert.Equal((2, 2), store.Ends());
        Assert.Equal(1, store.Counts()["h"].Pending);
        Assert.Equal(1, store.Trim(21));
        Assert.Equal((3, 2), store.Ends());
        Assert.Equal(2, store.MembershipsOf([CustomerId.From("zoë")])[CustomerId.From("zoë")].Count);
    }

    [SkippableFact]
    public void Changes_WhenTheyAreTheSame_HaveTheSameId()
    {
        var one = Change("zoë", "a", true);
        Assert.Equal(one.Id, (one with { AtMs = 9, Cause = ChangeCause.Day }).Id);
        SegmentChange[] others = [one with { Entered = false }, one with { Day = 1 }, one with { At = new Position(1, 8) }, one with { Segment = "b" }, one with { Definition = "x" }, one with { Customer = CustomerId.From("z") }];
        Assert.Equal(7, others.Append(one).Select(c => c.Id).Distinct().Count());
    }
}
