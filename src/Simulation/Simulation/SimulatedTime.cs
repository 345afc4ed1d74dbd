namespace Lambda.Simulation;

/// <summary>The one owner of time in a simulation: it stands still until told to move.</summary>
public sealed class SimulatedTime(long startMs) : TimeProvider
{
    public long NowMs { get; private set; } = startMs;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);

    public override long GetTimestamp() => NowMs;

    public override long TimestampFrequency => 1000;

    public void Advance(long ms) => NowMs += ms;
}
