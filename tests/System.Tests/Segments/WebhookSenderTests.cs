using System.Collections.Concurrent;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Cases;
using Lambda.Serving.Local;
using Lambda.Serving.Ports;
using Lambda.Serving.Segments;
using Lambda.Serving.Webhooks;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit.Conformance;
using Xunit;
using static Lambda.TestKit.Conformance.SegmentStoreSuite;

namespace Lambda.SystemTests.Segments;

/// <summary>Deliveries over real HTTP to receivers that fail, hang and die.</summary>
public sealed class WebhookSenderTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly WebhookOptions Fast = new() { Delay = TimeSpan.FromMilliseconds(10), DelayMax = TimeSpan.FromMilliseconds(40), Timeout = TimeSpan.FromSeconds(5), Poll = TimeSpan.FromMilliseconds(10) };

    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly SqliteSegments _database = new(":memory:");
    private readonly ConcurrentQueue<string> _errors = [];
    private readonly CancellationTokenSource _stop = new();
    private SegmentStore _store = null!;
    private Receiver _receiver = null!;

    public async Task InitializeAsync()
    {
        _store = new SegmentStore(_database);
        _receiver = await Receiver.StartAsync();
        _store.Add(new Webhook("h", _receiver.Url, [], true, "whsec_1", "ann", 1));
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _receiver.DisposeAsync();
        _database.Dispose();
    }

    [Fact]
    public async Task Delivery_WhenTaken_IsSignedAndDone()
    {
        await using var running = Run(Fast);
        _store.Record([Change("zoë", "a", true, 9, ChangeCause.Day)], null);
        await UntilAsync(() => _store.Counts().Count == 0);
        var change = _receiver.Taken.Single();
        Assert.Equal((Change("zoë", "a", true, 9).Id, "zoë", "entered", "day", "1:9", 1), (Text(change, "id"), Text(change, "customer_id"), Text(change, "change"), Text(change, "cause"), Text(change, "position"), change.GetProperty("number").GetInt32()));
        var (signature, body) = _receiver.Requests.Single();
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.True(WebhookSignature.Holds("whsec_1", signature, body, now, TimeSpan.FromMinutes(5)));
        Assert.False(WebhookSignature.Holds("whsec_2", signature, body, now, TimeSpan.FromMinutes(5)));
        Assert.False(WebhookSignature.Holds("whsec_1", signature, [.. body, 32], now, TimeSpan.FromMinutes(5)));
        Assert.False(WebhookSignature.Holds("whsec_1", signature, body, now + 600, TimeSpan.FromMinutes(5)));
        Assert.False(WebhookSignature.Holds("whsec_1", "nonsense", body, now, TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public async Task Alert_WhenTaken_IsTheCaseSignedAndDone()
    {
        _store.Add(new Webhook("alerts", _receiver.Url, [], true, "whsec_2", "eve", 1) { Topic = WebhookTopic.FraudAlerts });
        await using var running = Run(Fast);
        new CaseStore(_database).Add([CaseStoreSuite.Alert("zoë", "t9", 9, judgement: "{}")], 5);
        await UntilAsync(() => _store.Counts().Count == 0);
        var alert = _receiver.Taken.Single();
        Assert.Equal(("zoë", "t9", "review", "open", "1:9", 1), (Text(alert, "customer_id"), Text(alert, "transaction_id"), Text(alert, "decision"), Text(alert, "state"), Text(alert, "position"), alert.GetProperty("case").GetInt32()));
        var (signature, body) = _receiver.Requests.Single();
        Assert.True(WebhookSignature.Holds("whsec_2", signature, body, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), TimeSpan.FromMinutes(5)));
    }

    /// <summary>While a secret is replaced both sign; when the overlap is over only the new one does.</summary>
    [Fact]
    public async Task Delivery_WhenTheSecretWasReplaced_IsSignedWithBothForAWhile()
    {
        var secrets = new WebhookSecrets(Key);
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        _store.SealSecrets(secrets, now);
        Assert.True(_store.Rotate("h", _store.Get("h")!.Secret, secrets.Seal("h", "whsec_2"), now + 600_000));
        await using (Run(Fast))
        {
            _store.Record([Change("zoë", "a", true)], null);
            await UntilAsync(() => _store.Counts().Count == 0);
        }
        var (signature, body) = _receiver.Requests.Single();
        Assert.All(new[] { "whsec_1", "whsec_2" }, s => Assert.True(WebhookSignature.Holds(s, signature, body, now / 1000, TimeSpan.FromMinutes(5))));
        Assert.False(WebhookSignature.Holds("whsec_3", signature, body, now / 1000, TimeSpan.FromMinutes(5)));

        Assert.True(_store.Rotate("h", _store.Get("h")!.Secret, secrets.Seal("h", "whsec_3"), now)); // no overlap
        await using var running = Run(Fast);
        _store.Record([Change("zoë", "a", false, 8)], null);
        await UntilAsync(() => _store.Counts().Count == 0);
        (signature, body) = _receiver.Requests.Last();
        Assert.Equal([false, false, true], new[] { "whsec_1", "whsec_2", "whsec_3" }.Select(s => WebhookSignature.Holds(s, signature, body, now / 1000, TimeSpan.FromMinutes(5))));
    }

    [Fact]
    public async Task Delivery_WhenTheKeyIsAnother_WaitsAndSaysWhy()
    {
        _store.SealSecrets(new WebhookSecrets([.. Key.Reverse()]), 0);
        await using var running = Run(Fast with { Tries = 2 });
        _store.Record([Change("zoë", "a", true)], null);
        await UntilAsync(() => _store.Counts()["h"].Dead == 1);
        Assert.Contains("webhook_key", _store.Counts()["h"].Error, StringComparison.Ordinal);
        Assert.Empty(_receiver.Requests);
    }

    /// <summary>A receiver that refuses at random takes all of it in the end, each customer's changes in their order.</summary>
    [Fact]
    public async Task Deliveries_WhenTheReceiverFailsNowAndThen_ComeInOrderForEachCustomer()
    {
        var random = new Random(1);
        _receiver.Answers = (_, _) =>
        {
            lock (random) return Task.FromResult(random.Next(3) switch { 0 => 500, 1 => 302, _ => 200 });
        };
        await using var running = Run(Fast);
        for (var i = 0; i < 8; i++) _store.Record([.. Enumerable.Range(0, 10).Select(c => Change($"c{c}", "a", i % 2 == 0, i))], null);
        await UntilAsync(() => _store.Counts().Count == 0);
        Assert.Equal(80, _receiver.Taken.Count);
        foreach (var customer in _receiver.Taken.GroupBy(c => Text(c, "customer_id")))
            Assert.Equal(Enumerable.Range(0, 8).Select(i => $"1:{i}"), customer.Select(c => Text(c, "position")));
    }

    [Fact]
    public async Task Deliveries_WhenOneCustomersHang_ReachAllOthersAndOtherWebhooks()
    {
        await using var healthy = await Receiver.StartAsync();
        _store.Add(new Webhook("healthy", healthy.Url, [], true, "whsec_1", "ann", 1));
        _receiver.Answers = async (change, cancel) =>
        {
            if (Text(change, "customer_id") == "hangs") await Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
            return 200;
        };
        await using var running = Run(Fast with { Timeout = TimeSpan.FromMilliseconds(300), Tries = 1_000_000, Delay = TimeSpan.FromMilliseconds(50) });
        _store.Record([Change("hangs", "a", true), .. Enumerable.Range(0, 30).Select(c => Change($"c{c}", "a", true)), Change("hangs", "a", false)], null);
        await UntilAsync(() => healthy.Taken.Count == 32 && _receiver.Taken.Count == 30 && _store.Counts().TryGetValue("h", out var c) && c is { Pending: 2, Error: "did not answer within 0.3 s" });
        _receiver.Answers = (_, _) => Task.FromResult(200);
        await UntilAsync(() => _store.Counts().Count == 0);
        Assert.Equal(["entered", "left"], _receiver.Taken.Where(c => Text(c, "customer_id") == "hangs").Select(c => Text(c, "change")));
    }

    [Fact]
    public async Task Delivery_WhenItNeverSucceeds_IsGivenUpToldAndTakenUpAgain()
    {
        _receiver.Answers = (change, _) => Task.FromResult(Text(change, "segment") == "poison" ? 500 : 200);
        await using var running = Run(Fast with { Tries = 3 });
        _store.Record([Change("zoë", "poison", true), Change("zoë", "a", true)], null);
        await UntilAsync(() => _store.Counts().GetValueOrDefault("h") is { Pending: 0, Dead: 1, Error: "answered 500" });
        Assert.Equal(3, _receiver.Requests.Count(r => JsonDocument.Parse(r.Body).RootElement.GetProperty("segment").GetString() == "poison"));
        Assert.Equal("a", Text(_receiver.Taken.Single(), "segment")); // what comes behind it goes on
        Assert.Contains("given up after 3 tries", Assert.Single(_errors), StringComparison.Ordinal);
        _receiver.Answers = (_, _) => Task.FromResult(200);
        _store.RetryDead("h");
        await UntilAsync(() => _store.Counts().Count == 0);
    }

    /// <summary>The process dies while a delivery is open: the next one sends it again, with the same id, and counts the tries of both.</summary>
    [Fact]
    public async Task Deliveries_WhenTheProcessDiesBetween_ComeAgainWithTheSameId()
    {
        var reached = new TaskCompletionSource();
        _receiver.Answers = async (_, cancel) =>
        {
            reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
            return 200;
        };
        _store.Record([Change("zoë", "a", true), Change("zoë", "a", false, 8)], null);
        await using (Run(Fast with { Claim = TimeSpan.FromMilliseconds(50) })) await reached.Task.WaitAsync(Patience);
        _receiver.Answers = (_, _) => Task.FromResult(200);
        await using var next = Run(Fast);
        await UntilAsync(() => _store.Counts().Count == 0);
        Assert.Equal(["entered", "left"], _receiver.Taken.Select(c => Text(c, "change")));
        Assert.Equal(2, _receiver.Requests.Select(r => Text(JsonDocument.Parse(r.Body).RootElement, "id")).Distinct().Count());
        Assert.True(_receiver.Requests.Count > 2);
    }

    [Fact]
    public async Task Deliveries_WhenTheWebhookIsPausedOrForbidden_Wait()
    {
        _store.Change("h", _receiver.Url, [], enabled: false);
        _store.Record([Change("zoë", "a", true)], null);
        await using (Run(Fast))
        {
            await Task.Delay(100); // nothing to wait for: that nothing comes is the point
            Assert.Empty(_receiver.Requests);
            _store.Change("h", _receiver.Url, [], enabled: true);
            await UntilAsync(() => _store.Counts().Count == 0);
        }
        _store.Record([Change("zoë", "a", false)], null);
        await using var forbidden = Run(Fast, new WebhookTargets([], allowsLoopback: false)); // the operator took the host off the list
        await UntilAsync(() => _store.Counts().GetValueOrDefault("h")?.Error?.Contains("expected https", StringComparison.Ordinal) == true);
        Assert.Single(_receiver.Requests);
    }

    private static string Text(JsonElement change, string name) => change.GetProperty(name).GetString()!;

    private Running Run(WebhookOptions options, WebhookTargets? targets = null) => new(
        new WebhookSender(_store, targets ?? new WebhookTargets([], allowsLoopback: true), new WebhookSecrets(Key), options, TimeProvider.System, (what, _) => _errors.Enqueue(what)), options);

    private static async Task UntilAsync(Func<bool> isTrue)
    {
        for (var until = DateTime.UtcNow + Patience; !isTrue(); await Task.Delay(10)) Assert.True(DateTime.UtcNow < until, "waited in vain");
    }

    /// <summary>A sender that takes steps until it is disposed, as the host's loop makes it.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly WebhookSender _sender;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _loop;

        public Running(WebhookSender sender, WebhookOptions options)
        {
            _sender = sender;
            _loop = Task.Run(async () =>
            {
                while (!_stop.IsCancellationRequested) await Task.Delay(await _sender.StepAsync(_stop.Token));
            });
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _loop;
            await _sender.DisposeAsync();
        }
    }
}
