using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;
using Lambda.Cluster.Actors.Customers;
using Lambda.Cluster.Actors.Messages;

namespace Lambda.Simulation.Actors.Machine;

/// <summary>Makes an actor system whose actors, timers and journal are the loop's: no thread of its own.</summary>
internal static class LaneSystem
{
    private static readonly Config Config = ConfigurationFactory.ParseString($$"""
        {{SmallMailbox.Hocon}}
        {{InlineDispatcher.ConfigPath}} = {{Dispatcher}}
        {{ClusterSerializer.Hocon}}
        akka {
          loggers = []
          loglevel = OFF
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          scheduler.implementation = "{{Named<LaneScheduler>()}}"
          coordinated-shutdown {
            run-by-clr-shutdown-hook = off
            run-by-actor-system-terminate = off
          }
          actor {
            default-dispatcher = {{Dispatcher}}
            internal-dispatcher = {{Dispatcher}}
          }
          persistence {
            dispatchers.default-plugin-dispatcher = {{Dispatcher}}
            dispatchers.default-replay-dispatcher = {{Dispatcher}}
            journal.plugin = "simulated-journal"
            snapshot-store.plugin = "simulated-snapshots"
          }
        }
        simulated-journal {
          class = "{{Named<Ground.RunJournalPlugin>()}}"
          plugin-dispatcher = "akka.actor.default-dispatcher"
        }
        simulated-snapshots {
          class = "{{Named<Ground.NoSnapshots>()}}"
          plugin-dispatcher = "akka.actor.default-dispatcher"
        }
        """);

    /// <summary>One message a turn, so that anything may happen between two.</summary>
    private static string Dispatcher => $$"""
        {
          type = Dispatcher
          executor = "{{Named<LaneExecutorConfigurator>()}}"
          throughput = 1
          throughput-deadline-time = 0ms
          shutdown-timeout = 1s
        }
        """;

    public static ActorSystem Start(LaneSetup setup)
    {
        LaneScheduler.Starting = setup.Lane;
        return ActorSystem.Create("lambda", BootstrapSetup.Create().WithConfig(Config).And(setup));
    }

    private static string Named<T>() => $"{typeof(T).FullName}, {typeof(T).Assembly.GetName().Name}";
}

/// <summary>Lets what Akka makes by name find its process.</summary>
internal sealed class LaneSetup(Lane lane, Ground.IRunEventStore journal) : Setup
{
    public Lane Lane => lane;

    public Ground.IRunEventStore Journal => journal;

    public static LaneSetup Of(Settings settings) => settings.Setup.Get<LaneSetup>().Value;
}

internal sealed class LaneExecutorConfigurator(Config config, IDispatcherPrerequisites prerequisites) : ExecutorServiceConfigurator(config, prerequisites)
{
    public override ExecutorService Produce(string id) => new Executor(id, LaneSetup.Of(Prerequisites.Settings).Lane);

    private sealed class Executor(string id, Lane lane) : ExecutorService(id)
    {
        public override void Execute(IRunnable run) => lane.Execute(run);

        public override void Shutdown() { }
    }
}

/// <summary>Akka's timers on the loop's time.</summary>
internal sealed class LaneScheduler(Config config, ILoggingAdapter log) : SchedulerBase(config, log), IDateTimeOffsetNowTimeProvider
{
    private readonly Lane _lane = Starting!;

    /// <summary>Akka makes its scheduler from a class name alone.</summary>
    [ThreadStatic]
    internal static Lane? Starting;

    protected override DateTimeOffset TimeNow => _lane.Time.GetUtcNow();

    public override TimeSpan MonotonicClock => TimeSpan.FromMilliseconds(_lane.Loop.NowMs);

    public override TimeSpan HighResMonotonicClock => MonotonicClock;

    protected override void InternalScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Schedule(delay, null, () => receiver.Tell(message, sender), cancelable);

    protected override void InternalScheduleTellRepeatedly(
        TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Schedule(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable? cancelable) => Schedule(delay, null, action, cancelable);

    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable? cancelable) => Schedule(delay, null, action.Run, cancelable);

    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable? cancelable) =>
        Schedule(initialDelay, interval, action, cancelable);

    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable? cancelable) =>
        Schedule(initialDelay, interval, action.Run, cancelable);

    private void Schedule(TimeSpan delay, TimeSpan? interval, Action work, ICancelable? cancelable)
    {
        var alarm = _lane.Loop.Ring(_lane, (long)delay.TotalMilliseconds, () =>
        {
            if (cancelable is not { IsCancellationRequested: true }) work();
        }, (long)(interval?.TotalMilliseconds ?? 0));
        cancelable?.Token.Register(alarm.Cancel);
    }
}
