using System.Buffers;
using Akka.Actor;
using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Customers;

/// <summary>
/// One customer: owns its runtime-free entity, takes its events, gives its state to checkpoints and its parts to reads. Stopped by its partition when idle
/// and clean; what it then forgets is stored. It never fails by itself: whatever it throws is a bug or damage, and stops the partition.
/// </summary>
/// <remarks>There may be a million in a process: no timers, no receive builders, no name, one <see cref="Props"/> for all.</remarks>
internal sealed class CustomerActor(WorkerSettings settings) : UntypedActor
{
    [ThreadStatic]
    private static EventRow? _scratchRow;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratchBytes;

    private CustomerEntity _entity = null!;

    public static Props Props(WorkerSettings settings) => global::Akka.Actor.Props.CreateBy(new Producer(settings))
        .WithMailbox(SmallMailbox.ConfigPath).WithDispatcher(InlineDispatcher.ConfigPath);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Fold fold: Take(fold); break;
            case ReadParts read: Read(read); break;
            case TakeSnapshot snapshot: Encode(snapshot); break;
            case LookAt look: Sender.Tell(new LookedAt(look.Asked, Look.At(look.Asked, _entity, settings, look.Basis, look.StateOffset, look.LogMs, look.NowMs, look.Decide)), Self); break;
            case Own own: _entity = own.Entity; break;
            default: Unhandled(message); break;
        }
    }

    private void Take(Fold fold)
    {
        var counts = default(WorkerCounters);
        List<QuarantineEntry>? conflicts = null;
        foreach (ref readonly var record in fold.Records) Take(fold.Slice, record, ref counts, ref conflicts);
        fold.HasNews = counts.Events > 0 || counts.Erasures > 0;
        fold.Slice.Folded(counts, conflicts);
    }

    private void Take(FoldSlice slice, in LoggedRecord record, ref WorkerCounters counts, ref List<QuarantineEntry>? conflicts)
    {
        var rememberOnly = record.Offset < slice.RememberOnlyBelow;
        if (RecordCodec.KindOf(record.Record.Span) == RecordKind.Erasure)
        {
            _entity.Erase(slice.At, rememberOnly);
            if (!rememberOnly) counts = counts.PlusErasure();
            return;
        }
        var row = _scratchRow ??= new EventRow();
        RecordCodec.Read(record.Record, row);
        (row.Offset, row.AppendedAtMs) = (record.Offset, record.AppendedAtMs);
        var sighting = _entity.Take(row, slice.At, settings, rememberOnly);
        if (rememberOnly) return;
        counts = counts.Plus(sighting);
        if (sighting == Sighting.First && row.Type == EventCatalog.Card) slice.Named(FoldedFacts.CardOf(settings.Partition, row));
        if (sighting == Sighting.First && NewAlert.IsOne(row)) slice.Alerted(NewAlert.Of(settings.Partition, row));
        if (sighting == Sighting.Conflict) (conflicts ??= []).Add(ConflictingDuplicate.Entry(settings.Partition, row));
    }

    private void Encode(TakeSnapshot snapshot)
    {
        var bytes = _scratchBytes ??= new ArrayBufferWriter<byte>(4096);
        bytes.ResetWrittenCount();
        _entity.Encode(bytes, snapshot.At, snapshot.AtMs, settings.HorizonSeconds);
        snapshot.To.Add(snapshot.Customer, bytes.WrittenSpan);
    }

    private void Read(ReadParts read)
    {
        _entity.Settle(read.At);
        Answer(read, _entity.Closed, _entity.Open, _entity.IsErasedFromBase);
    }

    /// <summary>Fills the slot; also for a customer that has no speed state and therefore no actor.</summary>
    public static void Answer(ReadParts read, State? closed, State? open, bool isErasedFromBase = false)
    {
        try
        {
            ReadOnlySpan<byte> batch = default;
            var fromBase = read.Base is not null && !isErasedFromBase && read.Base.TryFind(read.Id.Utf8, out batch);
            read.Slot.Fill(fromBase ? batch.ToArray() : null, closed?.Encoded.ToArray(), open?.Encoded.ToArray());
        }
        catch (BaseCorruptException e)
        {
            read.Slot.Fail(e);
        }
        finally
        {
            read.Base?.Release();
        }
    }

    private sealed class Producer(WorkerSettings settings) : IIndirectActorProducer
    {
        public Type ActorType => typeof(CustomerActor);

        public ActorBase Produce() => new CustomerActor(settings);

        public void Release(ActorBase actor) { }
    }
}
