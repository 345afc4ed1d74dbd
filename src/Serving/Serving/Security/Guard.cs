using Lambda.Serving.Audit;

namespace Lambda.Serving.Security;

/// <summary>What the API guards itself with: who may come in, and the record of what they did.</summary>
public sealed class Guard(KeyRing keys, AuditLog audit, CustomerPseudonym pseudonyms, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private long _second, _strangers, _untold;
    private int _closed;

    public KeyRing Keys => keys;
    public AuditLog Audit => audit;
    public CustomerPseudonym Pseudonyms => pseudonyms;

    /// <summary>/metrics is open to everybody.</summary>
    public bool OpenMetrics { get; init; }

    /// <summary>
    /// Records an attempt that was refused. Of those without a good key only some a second have an entry of their own: else anybody could fill the disk. That an entry
    /// cannot be written changes nothing for who is refused anyway.
    /// </summary>
    internal void Denied(in AuditRecord what, bool isStranger)
    {
        var untold = 0L;
        if (isStranger && !MayTell(out untold)) return;
        try
        {
            audit.Post(untold == 0 ? what : what with { Detail = $"{what.Detail}; {untold} more attempts before it have no entry" });
        }
        catch (AuditUnavailableException)
        {
            // The requests that would have been let in say so.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 1) return;
        keys.Dispose();
        await audit.DisposeAsync();
    }

    private bool MayTell(out long untold)
    {
        lock (_lock)
        {
            var second = time.GetUtcNow().ToUnixTimeSeconds();
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
