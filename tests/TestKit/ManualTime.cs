namespace Lambda.TestKit;

/// <summary>A clock that a test moves. No timers: nothing that is tested with it may wait for one.</summary>
public sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private DateTimeOffset _now = start;
    private long _monotonic;

    public ManualTime() : this(new DateTimeOffset(2026, 1, 15, 12, 0, 0, TimeSpan.Zero)) { }

    public long NowMs => _now.ToUnixTimeMilliseconds();

    public override DateTimeOffset GetUtcNow() => _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _monotonic;

    public void Advance(TimeSpan by)
    {
        _now += by;
        _monotonic += by.Ticks;
    }

    /// <summary>Backwards too, as a corrected clock goes; the monotonic one does not notice.</summary>
    public void Set(DateTimeOffset to) => _now = to;
}
