using System.Diagnostics.Metrics;
using Lambda.Serving.Audit;
using Lambda.Serving.Metrics;

namespace Lambda.Serving.Security;

/// <summary>What the API guards itself with: who may come in, and the record of what they did.</summary>
public sealed class Guard : IAsyncDisposable
{
    private readonly Meter _meter = new(IngestMetrics.MeterName);
    private readonly Counter<long> _refused;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private long _second, _strangers, _untold;
    private int _closed;

    public Guard(KeyRing keys, AuditLog audit, CustomerPseudonym pseudonyms, TimeProvider time)
    {
        (Keys, Audit, Pseudonyms, _time) = (keys, audit, pseudonyms, time);
        _refused = _meter.CreateCounter<long>("lambda.api.refused", description: "Requests that were not let in, by status: 401, 403, 429.");
        _meter.CreateObservableGauge("lambda.audit.failing", () => audit.IsFailing ? 1 : 0, description: "1 while the audit log cannot be written: what needs an entry is refused.");
        _meter.CreateObservableCounter("lambda.audit.entries", () => audit.Entries, description: "Entries that this node has written since its start.");
    }

    public KeyRing Keys { get; }
    public AuditLog Audit { get; }
    public CustomerPseudonym Pseudonyms { get; }

    /// <summary>/metrics is open to everybody.</summary>
    public bool OpenMetrics { get; init; }

    /// <summary>
    /// Records an attempt that was refused. Of those without a good key only some a second have an entry of their own: else anybody could fill the disk. That an entry
    /// cannot be written changes nothing for who is refused anyway.
    /// </summary>
    internal void Denied(in AuditRecord what, bool isStranger)
    {
        CountRefused(what.Status);
        var untold = 0L;
        if (isStranger && !MayTell(out untold)) return;
        try
        {
            Audit.Post(untold == 0 ? what : what with { Detail = $"{what.Detail}; {untold} more attempts before it have no entry" });
        }
        catch (AuditUnavailableException)
        {
            // The requests that would have been let in say so.
        }
    }

    internal void CountRefused(int status) => _refused.Add(1, KeyValuePair.Create("status", (object?)status));

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 1) return;
        _meter.Dispose();
        Keys.Dispose();
        await Audit.DisposeAsync();
    }

    private bool MayTell(out long untold)
    {
        lock (_lock)
        {
            var second = _time.GetUtcNow().ToUnixTimeSeconds();
            if (second != _second) (_second, _strangers) = (second, 0);
            untold = _untold;
            if (++_strangers > Limits.AuditStrangersPerSecond)
            {
                _untold++;
                return false;
            }
            _untold = 0;
            return true;
        }
    }
}
