using System.Net;
using System.Text.Json;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Lambda.SpeedLayer.Polling;

/// <summary>A page as it came.</summary>
/// <param name="Json">Null: 204, nothing there.</param>
/// <param name="Link">The header.</param>
internal sealed record FetchedPage(JsonDocument? Json, string? Link) : IDisposable
{
    public void Dispose() => Json?.Dispose();
}

/// <summary>
/// Gets a page over HTTP: each attempt bounded in time and size, what may pass tried again with backoff and jitter or when the server says, a server that keeps
/// failing left alone for a while. Redirects are not followed: they could carry the headers to another host.
/// </summary>
internal sealed class PageFetcher : IDisposable
{
    private readonly PolledSource _source;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly ResiliencePipeline _pipeline;

    public PageFetcher(PolledSource source, TimeProvider time, Action<string> onRetry)
    {
        (_source, _time) = (source, time);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.All, PooledConnectionLifetime = TimeSpan.FromMinutes(5), // DNS is asked again
        }) { Timeout = Timeout.InfiniteTimeSpan };
        _pipeline = Pipeline(source.Timeout, time, onRetry);
    }

    public void Dispose() => _http.Dispose();

    /// <exception cref="SourceRefusedException">It will not get better by itself.</exception>
    /// <exception cref="SourceTroubleException">It may.</exception>
    public async Task<FetchedPage> GetAsync(Uri page, CancellationToken cancel)
    {
        try
        {
            return await _pipeline.ExecuteAsync(async attempt => await AttemptAsync(page, attempt), cancel);
        }
        catch (BrokenCircuitException e)
        {
            throw new SourceTroubleException("it keeps failing and is left alone for a while", e.RetryAfter ?? PollLimits.BreakFor);
        }
        catch (TimeoutRejectedException)
        {
            throw new SourceTroubleException($"no answer in {_source.Timeout.TotalSeconds:0.###} s", null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new SourceTroubleException(e.Message, null);
        }
    }

    private async Task<FetchedPage> AttemptAsync(Uri page, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, page);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        foreach (var (name, value) in _source.Headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        Judge(response);
        var link = response.Headers.TryGetValues("Link", out var links) ? string.Join(", ", links) : null;
        if (response.StatusCode == HttpStatusCode.NoContent) return new FetchedPage(null, link);
        var type = response.Content.Headers.ContentType?.MediaType;
        if (type is null || !(type.EndsWith("/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase)))
            throw new SourceTroubleException($"it answers {type ?? "without a content type"}, expected JSON", null);
        try
        {
            return new FetchedPage(JsonDocument.Parse(await BodyAsync(response, cancel)), link);
        }
        catch (JsonException e)
        {
            throw new SourceTroubleException($"the answer is broken JSON, at byte {e.BytePositionInLine} of line {e.LineNumber}", null);
        }
    }

    private void Judge(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NoContent) return;
        if (status is 408 or 425 or 429 or >= 500) throw new SourceTroubleException($"it answers {status}", RetryAfter(response)) { IsThrottling = status is 429 || (status == 503 && response.Headers.RetryAfter is not null) };
        throw new SourceRefusedException(status is >= 300 and < 400
            ? $"it answers {status}: redirects are not followed; give the address it leads to as `url`"
            : $"it answers {status}: expected 200; look at url, headers and their secrets, and query parameters");
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _time.GetUtcNow(),
            _ => TimeSpan.Zero,
        };
        return wait <= TimeSpan.Zero ? null : wait < PollLimits.RetryAfterMax ? wait : PollLimits.RetryAfterMax;
    }

    private async Task<ReadOnlyMemory<byte>> BodyAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await using var from = await response.Content.ReadAsStreamAsync(cancel);
        using var body = new MemoryStream();
        var buffer = new byte[16 << 10];
        for (int read; (read = await from.ReadAsync(buffer, cancel)) > 0;)
        {
            if (body.Length + read > _source.PageBytesMax) throw new SourceRefusedException($"a page has more than {_source.PageBytesMax} bytes: ask for smaller pages, or raise page_bytes");
            body.Write(buffer, 0, read);
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    // From the outside in: try again, leave alone, one attempt. A server that asks for patience is not failing.
    private static ResiliencePipeline Pipeline(TimeSpan timeout, TimeProvider time, Action<string> onRetry) => new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<SourceTroubleException>().Handle<TimeoutRejectedException>().Handle<HttpRequestException>().Handle<IOException>(),
            MaxRetryAttempts = PollLimits.Retries, BackoffType = DelayBackoffType.Exponential, UseJitter = true, Delay = PollLimits.RetryDelay, MaxDelay = PollLimits.RetryDelayMax,
            DelayGenerator = args => new((args.Outcome.Exception as SourceTroubleException)?.RetryAfter),
            OnRetry = args =>
            {
                onRetry($"{args.Outcome.Exception?.Message}; again in {args.RetryDelay.TotalSeconds:0.#} s");
                return default;
            },
        })
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<SourceTroubleException>(e => !e.IsThrottling).Handle<TimeoutRejectedException>().Handle<HttpRequestException>().Handle<IOException>(),
            FailureRatio = 0.9, MinimumThroughput = PollLimits.BreakAfter, SamplingDuration = PollLimits.BreakWithin, BreakDuration = PollLimits.BreakFor,
        })
        .AddTimeout(new TimeoutStrategyOptions { Timeout = timeout })
        .Build();
}

/// <summary>The source cannot be read as it is described: a person has to look. Names no value of an item.</summary>
public sealed class SourceRefusedException(string message) : Exception(message);

/// <summary>The source cannot be read now.</summary>
/// <param name="retryAfter">When it says so itself.</param>
public sealed class SourceTroubleException(string message, TimeSpan? retryAfter) : Exception(message)
{
    public TimeSpan? RetryAfter => retryAfter;

    public bool IsThrottling { get; init; }
}
