namespace Lambda.Simulation.Actors.Machine;

/// <summary>
/// Everything that happens in a simulated cluster happens here, one thing at a time, on one thread, in an order that chance decides: an actor's next message,
/// the next part of a task, a message's arrival, an alarm. Time stands still until told to pass.
/// </summary>
internal sealed class Loop(Chance chance, long startMs)
{
    private const int DrainMax = 20_000;

    private readonly List<Lane> _lanes = [];
    private readonly PriorityQueue<Alarm, (long DueMs, long Number)> _alarms = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _numbers;

    public Chance Chance => chance;

    public long NowMs { get; private set; } = startMs;

    /// <summary>Nobody lags behind any more.</summary>
    public bool IsCalm { get; set; }

    /// <summary>Things done since the beginning; two runs of a seed do the same ones.</summary>
    public long Turns { get; private set; }

    public Lane NewLane(string name)
    {
        var lane = new Lane(this, name);
        _lanes.Add(lane);
        return lane;
    }

    public long NextNumber() => ++_numbers;

    public Alarm Ring(Lane lane, long afterMs, Action work, long everyMs = 0)
    {
        var alarm = new Alarm(lane, work, everyMs);
        Set(alarm, afterMs);
        return alarm;
    }

    /// <summary>Does one of the things that could happen now; false when there is none.</summary>
    public bool TryTurn()
    {
        var ready = 0;
        foreach (var lane in _lanes) ready += lane.Runnable;
        if (ready == 0) return false;
        var at = chance.Below(ready);
        foreach (var lane in _lanes)
        {
            if (at < lane.Runnable)
            {
                Turns++;
                lane.Turn(at);
                return true;
            }
            at -= lane.Runnable;
        }
        throw new InvalidOperationException("what was ready is gone");
    }

    public void Turn(int atMost)
    {
        while (atMost-- > 0 && TryTurn()) { }
    }

    /// <summary>Time passes; what falls due on the way does so in order, and mostly everything that follows from it happens before the next.</summary>
    public void Pass(long ms)
    {
        var until = NowMs + ms;
        while (_alarms.TryPeek(out var alarm, out var at) && at.DueMs <= until)
        {
            _alarms.Dequeue();
            NowMs = Math.Max(NowMs, at.DueMs);
            if (!alarm.IsOver) alarm.Ring(this);
            Turn(!IsCalm && chance.OneIn(4) ? chance.Below(4) : DrainMax);
        }
        NowMs = until;
        _lanes.RemoveAll(l => l.State == LaneState.Dead);
    }

    /// <summary>Everybody stood still meanwhile: what fell due rings once, late.</summary>
    public void Jump(long ms)
    {
        NowMs += ms;
        Pass(0);
    }

    /// <summary>Something that leaves the loop (a pool thread, a timer of the runtime) would make a seed do another thing each time.</summary>
    public void Hold()
    {
        if (Environment.CurrentManagedThreadId != _thread) Environment.FailFast($"left the simulation's loop:\n{Environment.StackTrace}");
    }

    internal void Set(Alarm alarm, long afterMs) => _alarms.Enqueue(alarm, (NowMs + Math.Max(0, afterMs), NextNumber()));
}

/// <summary>Work at a time, once or again and again, in one process. One that is frozen does it when it goes on; one that is dead never.</summary>
internal sealed class Alarm(Lane lane, Action work, long everyMs)
{
    private bool _cancelled;

    public bool IsOver => _cancelled || lane.State == LaneState.Dead;

    public void Cancel() => _cancelled = true;

    public void Ring(Loop loop)
    {
        if (lane.State == LaneState.Frozen)
        {
            lane.Missed.Enqueue(this);
            return;
        }
        if (everyMs > 0) loop.Set(this, everyMs);
        work();
    }
}
