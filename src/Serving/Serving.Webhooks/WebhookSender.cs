using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Lambda.Serving.Json;
using Lambda.Serving.Metrics;
using Lambda.Serving.Ports;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Ports;
using Polly;
using Polly.Retry;

namespace Lambda.Serving.Webhooks;

/// <summary>
/// Empties the outbox: each change or alert is one signed POST, tried again by Polly's retry until it is taken or given up. Every webhook has a lane of its own and every customer waits
/// only for itself, so a receiver that hangs holds up nobody else. What is begun is claimed in the outbox: a process that dies delays it and loses none.
/// </summary>
public sealed class WebhookSender : IAsyncDisposable
{
    private static readonly ResiliencePropertyKey<Attempt> TheAttempt = new("attempt");

    private readonly IWebhooks _outbox;
    private readonly WebhookTargets _targets;
    private readonly WebhookSecrets _secrets;
    private readonly WebhookOptions _options;
    private readonly TimeProvider _time;
    private readonly Action<string, Exception> _onError;
    private readonly HttpClient _http;
    private readonly ResiliencePipeline _retry;
    private readonly ConcurrentDictionary<string, Lane> _lanes = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Meter _meter = new(IngestMetrics.MeterName);
    private readonly Counter<long> _tries, _givenUp;
    private volatile IReadOnlyDictionary<string, Webhook> _webhooks = new Dictionary<string, Webhook>();

    public WebhookSender(IWebhooks outbox, WebhookTargets targets, WebhookSecrets secrets, WebhookOptions options, TimeProvider time, Action<string, Exception> onError)
    {
        (_outbox, _targets, _secrets, _options, _time, _onError) = (outbox, targets, secrets, options, time, onError);
        // A redirect could lead where no webhook may.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = options.Timeout, PooledConnectionLifetime = TimeSpan.FromMinutes(2) }) { Timeout = options.Timeout };
        _retry = new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(Retry()).Build();
        _tries = _meter.CreateCounter<long>("lambda.webhook.tries", description: "Requests to webhooks, by outcome: taken, failed.");
        _givenUp = _meter.CreateCounter<long>("lambda.webhook.given.up", description: "Changes and alerts that were given up after the last try.");
    }

    /// <summary>Begins what is due and has room.</summary>
    public Task<TimeSpan> StepAsync(CancellationToken cancel)
    {
        var webhooks = _outbox.List();
        _webhooks = webhooks.ToDictionary(w => w.Id);
        foreach (var webhook in webhooks.Where(w => w.Enabled)) Begin(webhook, cancel);
        return Task.FromResult(_options.Poll);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var lane in _lanes.Values) await lane.EndedAsync();
        _http.Dispose();
        _meter.Dispose();
        _stop.Dispose();
    }

    private void Begin(Webhook webhook, CancellationToken cancel)
    {
        var lane = _lanes.GetOrAdd(webhook.Id, _ => new Lane(_options.Requests));
        var room = _options.Customers - lane.Count;
        if (room <= 0 || cancel.IsCancellationRequested) return;
        foreach (var delivery in _outbox.Claim(webhook.Id, NowMs, UntilMs(_options.Claim), room))
            lane.Add(delivery.Number, () => DeliverAsync(lane, delivery));
    }

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private long UntilMs(TimeSpan from) => NowMs + (long)from.TotalMilliseconds;

    // --- one delivery -----------------------------------------------------------------------------------------------------------

    private sealed class Attempt(Delivery delivery)
    {
        public Delivery Delivery => delivery;
        public int Failed { get; set; } = delivery.Attempts;
    }

    private RetryStrategyOptions Retry() => new()
    {
        MaxRetryAttempts = int.MaxValue, // those of an earlier process count, too: see ShouldHandle
        BackoffType = DelayBackoffType.Exponential, UseJitter = true, Delay = _options.Delay, MaxDelay = _options.DelayMax,
        ShouldHandle = args =>
        {
            if (args.Outcome.Exception is not DeliveryException) return ValueTask.FromResult(false);
            var attempt = args.Context.Properties.GetValue(TheAttempt, null!);
            return ValueTask.FromResult(++attempt.Failed < _options.Tries);
        },
        OnRetry = args =>
        {
            var attempt = args.Context.Properties.GetValue(TheAttempt, null!);
            _outbox.Failed(attempt.Delivery.Webhook, attempt.Delivery.Number, attempt.Failed, UntilMs(args.RetryDelay + _options.Claim), args.Outcome.Exception!.Message);
            return ValueTask.CompletedTask;
        },
    };

    private async Task DeliverAsync(Lane lane, Delivery delivery)
    {
        var (context, attempt) = (ResilienceContextPool.Shared.Get(_stop.Token), new Attempt(delivery));
        context.Properties.Set(TheAttempt, attempt);
        try
        {
            await DeliverAsync(lane, attempt, context);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Who starts next goes on with it.
        }
        catch (Exception e) // the outbox cannot be written: the claim ends, and it is sent again
        {
            _onError($"webhook {delivery.Webhook}", e);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async Task DeliverAsync(Lane lane, Attempt attempt, ResilienceContext context)
    {
        var (webhook, number) = (attempt.Delivery.Webhook, attempt.Delivery.Number);
        try
        {
            var isTaken = await _retry.ExecuteAsync(async c => await lane.TakeTurnAsync(() => TryAsync(attempt.Delivery, c.CancellationToken), c.CancellationToken), context);
            if (isTaken) _outbox.Delivered(webhook, number);
        }
        catch (DeliveryException e)
        {
            _outbox.GiveUp(webhook, number, attempt.Failed, e.Message);
            _givenUp.Add(1, KeyValuePair.Create("webhook", (object?)webhook));
            _onError($"webhook {webhook}: {number} is given up after {attempt.Failed} tries", e);
        }
    }

    /// <returns>False when there is nothing to do now: the webhook was removed, or waits.</returns>
    /// <exception cref="DeliveryException">The receiver did not take it.</exception>
    private async Task<bool> TryAsync(Delivery delivery, CancellationToken cancel)
    {
        if (!_webhooks.TryGetValue(delivery.Webhook, out var webhook)) return false;
        if (!webhook.Enabled)
        {
            _outbox.Failed(delivery.Webhook, delivery.Number, delivery.Attempts, NowMs, "");
            return false;
        }
        try
        {
            if (_targets.Refusal(webhook.Url) is { } refusal) throw new DeliveryException(refusal);
            await SendAsync(webhook, delivery, cancel);
            Count("taken");
            return true;
        }
        catch (DeliveryException)
        {
            Count("failed");
            throw;
        }
    }

    private async Task SendAsync(Webhook webhook, Delivery delivery, CancellationToken cancel)
    {
        var body = Body(delivery, webhook.Purpose);
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } } };
        request.Headers.Add(WebhookSignature.Header, WebhookSignature.Of(SecretsOf(webhook), NowMs / 1000, body));
        request.Headers.Add("Lambda-Webhook", webhook.Id);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel); // what it says behind its status is not waited for
            if (!response.IsSuccessStatusCode) throw new DeliveryException(string.Create(CultureInfo.InvariantCulture, $"answered {(int)response.StatusCode}"));
        }
        catch (HttpRequestException e)
        {
            throw new DeliveryException(e.GetBaseException().Message);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new DeliveryException(string.Create(CultureInfo.InvariantCulture, $"did not answer within {_options.Timeout.TotalSeconds:0.#} s"));
        }
    }

    private List<string> SecretsOf(Webhook webhook)
    {
        try
        {
            var secrets = new List<string> { _secrets.Open(webhook.Id, webhook.Secret) };
            if (webhook.Previous is var (previous, untilMs) && NowMs < untilMs) secrets.Add(_secrets.Open(webhook.Id, previous));
            return secrets;
        }
        catch (CryptographicException e)
        {
            throw new DeliveryException(e.Message);
        }
    }

    private static byte[] Body(Delivery delivery, string? purpose)
    {
        using var bytes = new MemoryStream();
        using (var to = new Utf8JsonWriter(bytes))
        {
            if (delivery is Delivery.OfAlert alert) CaseJson.Write(to, alert.Case);
            else SegmentJson.Write(to, ((Delivery.OfChange)delivery).Change, purpose);
        }
        return bytes.ToArray();
    }

    private void Count(string outcome) => _tries.Add(1, KeyValuePair.Create("outcome", (object?)outcome));
}

/// <summary>A receiver did not take a change.</summary>
internal sealed class DeliveryException(string why) : Exception(why);
