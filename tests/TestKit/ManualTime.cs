namespace Lambda.TestKit;

/// <summary>A clock that a test moves. No timers: nothing that is tested with it may wait for one.</summary>
public sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private DateTimeOffset _now = start;

    public ManualTime() : this(new DateTimeOffset(2026, 1, 15, 12, 0, 0, TimeSpan.Zero)) { }

    public long NowMs => _now.ToUnixTimeMilliseconds();

    public override DateTimeOffset GetUtcNow() => _now;

    public void Advance(TimeSpan by) => _now += by;

    /// <summary>Backwards too, as a corrected clock goes.</summary>
    public void Set(DateTimeOffset to) => _now = to;
}
