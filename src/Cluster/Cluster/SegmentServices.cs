using Lambda.Cluster.Embedded;
using Lambda.Cluster.Monitoring;
using Lambda.Cluster.Options;
using Lambda.Serving.Segments;
using Lambda.Serving.Webhooks;

namespace Lambda.Cluster;

/// <summary>What both editions do about segments besides finding who enters and leaves them: the feed is kept short, the webhooks are told.</summary>
internal sealed class SegmentServices : IAsyncDisposable
{
    private static readonly TimeSpan TrimEvery = TimeSpan.FromMinutes(10);

    private readonly SegmentStore _store;
    private readonly WebhookSecrets _secrets;
    private readonly WebhookSender _sender;
    private readonly TimeProvider _time;
    private readonly Action<string, Exception> _onError;
    private readonly SegmentMetrics _metrics;
    private readonly List<Loop> _loops = [];

    public SegmentServices(SegmentStore store, WebhookSecrets secrets, LambdaOptions options, TimeProvider time, Action<string, Exception> onError)
    {
        (_store, _secrets, _time, _onError) = (store, secrets, time, onError);
        var targets = new WebhookTargets(options.WebhookHosts is { } hosts ? hosts.Split(',', StringSplitOptions.TrimEntries) : [], allowsLoopback: options.Dev);
        Parts = new SegmentParts(store, store, store, targets, secrets);
        _sender = new WebhookSender(store, targets, secrets, new WebhookOptions(), time, onError);
        _metrics = new SegmentMetrics(store, time);
        _loops.Add(new Loop("webhooks", _sender.StepAsync, onError));
        _loops.Add(new Loop("segment feed", TrimAsync, onError));
    }

    public SegmentParts Parts { get; }

    public async ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        foreach (var loop in _loops) await loop.DisposeAsync();
        await _sender.DisposeAsync();
    }

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private Task<TimeSpan> TrimAsync(CancellationToken cancel)
    {
        var lost = _store.Trim(NowMs - (long)Serving.Limits.FeedKept.TotalMilliseconds);
        _store.SealSecrets(_secrets, NowMs);
        if (lost > 0) _onError("webhooks", new TimeoutException($"{lost} changes were forgotten before they could be delivered: they were as old as the feed is kept"));
        return Task.FromResult(TrimEvery);
    }
}
