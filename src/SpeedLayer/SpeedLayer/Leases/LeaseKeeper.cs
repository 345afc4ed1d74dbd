using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Leases;

/// <summary>
/// Keeps all leases of one process: renews them together, on a thread of its own, so that neither a busy thread pool nor a long checkpoint delays it.
/// </summary>
public sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly ILeaseStore _store;
    private readonly TimeProvider _time;
    private readonly LeaseTimes _times;
    private readonly Action<Exception> _onError;
    private readonly Lock _gate = new();
    private readonly List<HeldLease> _held = [];
    private readonly ManualResetEventSlim _stopping = new();
    private Thread? _thread;

    /// <param name="onError">A renewal that could not be made: leases are refused by and by, and held again once one succeeds.</param>
    public LeaseKeeper(ILeaseStore store, TimeProvider time, Action<Exception> onError, LeaseTimes? times = null) =>
        (_store, _time, _onError, _times) = (store, time, onError, times ?? LeaseTimes.Default);

    /// <summary>Renews from now on.</summary>
    public void Start()
    {
        _thread = new Thread(() =>
        {
            while (!_stopping.Wait(_times.RenewEvery)) RenewAll();
        }) { IsBackground = true, Name = "leases", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Waits until the lease of an earlier owner has been given back or has expired.</summary>
    /// <exception cref="StorageException">The store cannot be reached.</exception>
    public async Task<HeldLease> AcquireAsync(int partition, string owner, CancellationToken cancel)
    {
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            if (TryAcquire(partition, owner, out var freeIn) is { } lease) return lease;
            // It may be given back long before it expires.
            await Task.Delay(TimeSpan.FromTicks(Math.Clamp(freeIn.Ticks, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerSecond / 20)), _time, cancel);
        }
    }

    /// <summary>Null when another owner holds it.</summary>
    public HeldLease? TryAcquire(int partition, string owner, out TimeSpan freeIn)
    {
        var sentAt = _time.GetTimestamp();
        var answer = _store.Acquire(partition, owner);
        freeIn = answer.FreeIn;
        if (!answer.IsGranted) return null;
        var lease = new HeldLease(partition, answer.Generation, sentAt, _time, _times.Trust);
        lock (_gate) _held.Add(lease);
        return lease;
    }

    /// <summary>One round: by the thread, or by who has no use for one.</summary>
    public void RenewAll()
    {
        HeldLease[] held;
        lock (_gate) held = [.. _held];
        if (held.Length == 0) return;
        var sentAt = _time.GetTimestamp();
        try
        {
            var renewed = _store.Renew([.. held.Select(l => (l.Partition, l.Generation))]);
            for (var i = 0; i < held.Length; i++)
                if (renewed[i]) held[i].Renewed(sentAt);
                else Forget(held[i]);
        }
        catch (Exception e)
        {
            _onError(e);
        }
    }

    /// <summary>Gives a lease back: the next owner need not wait. The last checkpoint must have been written.</summary>
    public void Release(HeldLease lease)
    {
        Forget(lease);
        _store.Release(lease.Partition, lease.Generation);
    }

    /// <summary>Stops renewing. Leases that were not released expire.</summary>
    public ValueTask DisposeAsync()
    {
        _stopping.Set();
        _thread?.Join();
        lock (_gate)
        {
            foreach (var lease in _held) lease.Lose();
            _held.Clear();
        }
        return ValueTask.CompletedTask;
    }

    private void Forget(HeldLease lease)
    {
        lock (_gate) _held.Remove(lease);
        lease.Lose();
    }
}
