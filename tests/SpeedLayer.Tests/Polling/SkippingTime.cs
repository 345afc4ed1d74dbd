namespace Lambda.SpeedLayer.Tests.Polling;

/// <summary>
/// A clock for code that waits beside real sockets: whoever waits is woken at once and the clock is that much later. Only waits of exactly <see cref="Held"/>, which
/// bound an attempt, end when the test says so, because a server hangs.
/// </summary>
internal sealed class SkippingTime : TimeProvider
{
    public static readonly TimeSpan Held = TimeSpan.FromSeconds(7);

    private readonly Lock _gate = new();
    private readonly List<Waiting> _held = [];
    private readonly List<TimeSpan> _waits = [];
    private DateTimeOffset _now = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);

    /// <summary>What was waited for, in order, attempts' bounds left out.</summary>
    public IReadOnlyList<TimeSpan> Waits { get { lock (_gate) return [.. _waits]; } }

    public override DateTimeOffset GetUtcNow() { lock (_gate) return _now; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public void Advance(TimeSpan by) { lock (_gate) _now += by; }

    /// <summary>The attempt that runs has taken too long.</summary>
    public void EndAttempts()
    {
        List<Waiting> ending;
        lock (_gate)
        {
            _now += Held;
            ending = [.. _held];
            _held.Clear();
        }
        foreach (var waiting in ending) waiting.Fire();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var waiting = new Waiting(this, callback, state);
        waiting.Change(dueTime, period);
        return waiting;
    }

    private sealed class Waiting(SkippingTime of, TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _ended;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (of._gate)
            {
                of._held.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                if (dueTime == Held)
                {
                    of._held.Add(this);
                    return true;
                }
                of._waits.Add(dueTime);
                of._now += dueTime;
            }
            ThreadPool.QueueUserWorkItem(_ => Fire());
            return true;
        }

        public void Fire()
        {
            if (!_ended) callback(state);
        }

        public void Dispose()
        {
            _ended = true;
            lock (of._gate) of._held.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
