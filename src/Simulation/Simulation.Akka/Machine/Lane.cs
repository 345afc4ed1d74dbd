using Akka.Dispatch;

namespace Lambda.Simulation.Actors.Machine;

internal enum LaneState { Running, Frozen, Dead }

/// <summary>
/// One simulated process: what its actors and tasks could do next. Ready things are kept by an order of their own (actors by when they were first heard of,
/// then tasks), not by when they came: Akka stops children in an order that differs between processes, and a seed must replay.
/// </summary>
internal sealed class Lane
{
    private const long TasksBegin = 1L << 40;

    private readonly Loop _loop;
    private readonly SortedList<long, Action> _ready = [];
    private readonly Dictionary<IRunnable, long> _numbers = [];
    private long _tasks;

    public Lane(Loop loop, string name) => (_loop, Name, Tasks, Time) = (loop, name, new LaneTasks(this), new LaneTime(loop, this));

    public string Name { get; }

    public LaneState State { get; private set; }

    /// <summary>Where background work of this process is done.</summary>
    public TaskScheduler Tasks { get; }

    public TimeProvider Time { get; }

    public Loop Loop => _loop;

    /// <summary>One task in so many is kept waiting for some time before it is done; 0 for none.</summary>
    public int StallOneIn { get; set; }

    public Queue<Alarm> Missed { get; } = new();

    public int Runnable => State == LaneState.Running ? _ready.Count : 0;

    /// <summary>A mailbox or other work of Akka's.</summary>
    public void Execute(IRunnable run)
    {
        _loop.Hold();
        if (State == LaneState.Dead) return;
        if (!_numbers.TryGetValue(run, out var number)) _numbers.Add(run, number = _numbers.Count);
        _ready.Add(number, run.Run);
    }

    public void Post(Action work)
    {
        _loop.Hold();
        if (State == LaneState.Dead) return;
        if (StallOneIn > 0 && _loop.Chance.OneIn(StallOneIn)) _loop.Ring(this, _loop.Chance.OneIn(8) ? _loop.Chance.Below(6_000) : _loop.Chance.Below(400), () => Enqueue(work));
        else Enqueue(work);
    }

    public void Turn(int index)
    {
        var work = _ready.GetValueAtIndex(index);
        _ready.RemoveAt(index);
        work();
    }

    /// <summary>Stopped in the middle of everything, as by SIGSTOP.</summary>
    public void Freeze()
    {
        if (State == LaneState.Running) State = LaneState.Frozen;
    }

    public void Thaw()
    {
        if (State != LaneState.Frozen) return;
        State = LaneState.Running;
        while (Missed.TryDequeue(out var alarm)) _loop.Set(alarm, 0);
    }

    /// <summary>Ended without a goodbye, as by SIGKILL.</summary>
    public void Kill()
    {
        State = LaneState.Dead;
        _ready.Clear();
        _numbers.Clear();
        Missed.Clear();
    }

    private void Enqueue(Action work) => _ready.Add(TasksBegin + _tasks++, work);

    private sealed class LaneTasks(Lane lane) : TaskScheduler
    {
        protected override void QueueTask(Task task) => lane.Post(() => TryExecuteTask(task));

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
