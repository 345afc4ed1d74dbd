using Akka.Actor;
using Akka.Persistence;
using Lambda.Simulation.Actors.Machine;

namespace Lambda.Simulation.Actors.Ground;

/// <summary>Where the run actor's events are kept, as one process reaches it.</summary>
internal interface IRunEventStore
{
    /// <summary>Sequence numbers from 1 on, without a gap.</summary>
    IReadOnlyList<object> Read();

    /// <exception cref="Exception">Not written, or it is not known whether.</exception>
    void Write(long sequenceNr, object happened);
}

/// <summary>
/// The journal plugin of Akka.Persistence over the simulation's store: Akka's own base class works with tasks and breakers of the thread pool, which no
/// simulation can order.
/// </summary>
internal sealed class RunJournalPlugin : UntypedActor
{
    private readonly IRunEventStore _store = LaneSetup.Of(Context.System.Settings).Journal;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case WriteMessages write: Write(write); break;
            case ReplayMessages replay: Replay(replay); break;
            default: Unhandled(message); break;
        }
    }

    private void Write(WriteMessages write)
    {
        var events = write.Messages.SelectMany(m => (IEnumerable<IPersistentRepresentation>)m.Payload).ToList();
        try
        {
            foreach (var e in events) _store.Write(e.SequenceNr, e.Payload);
        }
        catch (Exception e)
        {
            write.PersistentActor.Tell(new WriteMessagesFailed(e, events.Count));
            foreach (var failed in events) write.PersistentActor.Tell(new WriteMessageFailure(failed, e, write.ActorInstanceId));
            return;
        }
        write.PersistentActor.Tell(WriteMessagesSuccessful.Instance);
        foreach (var written in events) write.PersistentActor.Tell(new WriteMessageSuccess(written, write.ActorInstanceId));
    }

    private void Replay(ReplayMessages replay)
    {
        var events = _store.Read();
        for (var i = 0; i < events.Count; i++)
            if (i + 1 >= replay.FromSequenceNr && i + 1 <= replay.ToSequenceNr)
                replay.PersistentActor.Tell(new ReplayedMessage(new Persistent(events[i], i + 1, replay.PersistenceId)));
        replay.PersistentActor.Tell(new RecoverySuccess(events.Count));
    }
}

/// <summary>There are none: a recovery asks all the same.</summary>
internal sealed class NoSnapshots : UntypedActor
{
    protected override void OnReceive(object message)
    {
        if (message is LoadSnapshot load) Sender.Tell(new LoadSnapshotResult(null, load.ToSequenceNr));
    }
}
