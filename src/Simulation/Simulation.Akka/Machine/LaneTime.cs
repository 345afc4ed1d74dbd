namespace Lambda.Simulation.Actors.Machine;

/// <summary>The simulation's time as one process sees it: its timers ring in it.</summary>
internal sealed class LaneTime(Loop loop, Lane lane) : TimeProvider
{
    public override long TimestampFrequency => 1000;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(loop.NowMs);

    public override long GetTimestamp() => loop.NowMs;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new LaneTimer(loop, lane, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class LaneTimer(Loop loop, Lane lane, Action work) : ITimer
    {
        private Alarm? _alarm;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _alarm?.Cancel();
            _alarm = dueTime < TimeSpan.Zero ? null : loop.Ring(lane, Ms(dueTime), work, period > TimeSpan.Zero ? Ms(period) : 0);
            return true;
        }

        public void Dispose() => _alarm?.Cancel();

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private static long Ms(TimeSpan time) => (long)Math.Ceiling(time.TotalMilliseconds);
    }
}
