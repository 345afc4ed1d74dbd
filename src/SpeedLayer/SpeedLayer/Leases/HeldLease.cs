namespace Lambda.SpeedLayer.Leases;

/// <summary>
/// What a holder knows of its lease, by its monotonic clock alone. A process that was frozen finds out here, before it answers anything: ask
/// <see cref="IsHeld"/> after an answer was computed, right before it is sent.
/// </summary>
public sealed class HeldLease
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _trust;
    private readonly CancellationTokenSource _lost = new();
    private long _renewalSentAt;

    /// <param name="sentAt">Timestamp of <paramref name="time"/> from before the lease was asked for: it was granted no earlier.</param>
    public HeldLease(int partition, long generation, long sentAt, TimeProvider time, TimeSpan trust) =>
        (Partition, Generation, _renewalSentAt, _time, _trust) = (partition, generation, sentAt, time, trust);

    public int Partition { get; }

    public long Generation { get; }

    /// <summary>May read and decide. False for ever once overtaken; false until the next renewal when the last one is too old.</summary>
    public bool IsHeld => !IsOvertaken && _time.GetElapsedTime(Interlocked.Read(ref _renewalSentAt)) < _trust;

    /// <summary>A higher generation exists, or the lease was given back: this owner must stop.</summary>
    public bool IsOvertaken => _lost.IsCancellationRequested;

    /// <summary>Cancelled when <see cref="IsOvertaken"/> is found out.</summary>
    public CancellationToken Overtaken => _lost.Token;

    /// <param name="sentAt">From before the renewal was sent: the answer may have been long on its way.</param>
    internal void Renewed(long sentAt) => Interlocked.Exchange(ref _renewalSentAt, sentAt);

    internal void Lose() => _lost.Cancel();
}
