using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.BatchLayer.Privacy;

/// <summary>What removal has to know of the installation. Everything is read from what is durable, so any node may ask.</summary>
/// <param name="PopulationBelow">By partition: every change below this offset is in the population table.</param>
/// <param name="IsServedEverywhere">Every partition answers from the served base, so nobody opens an older one again.</param>
public sealed record ErasureGround(
    IEventLog Log, ICheckpointStore Checkpoints, ISinkProgressStore Sink, Func<Publication> Served, Func<int, long> PopulationBelow, Func<bool> IsServedEverywhere, TimeProvider Time);

/// <summary>
/// Takes erased data out of the stores, one after the other, in the background. Whatever was done is noted behind it, so a crash repeats the last pass of a store.
/// The log comes last: its record says whose data it is, and nothing else does. Not thread-safe: one driver calls it.
/// </summary>
/// <param name="atOnce">Stores that need not wait for a base that leaves the person out.</param>
/// <param name="stores">The others, in the order in which they are cleaned; the log is the last.</param>
public sealed class ErasureRunner(ErasureLedger ledger, ErasureGround ground, IReadOnlyList<IErasable> atOnce, IReadOnlyList<IErasable> stores)
{
    /// <summary>An append whose outcome is not known may still become durable so long after it was asked for.</summary>
    private const long LostAfterMs = 60_000;

    private const int ReadBytes = 4 << 20;

    /// <summary>Offset up to which the partition's log must be kept, for it says who was erased; <see cref="long.MaxValue"/> when nothing needs it.</summary>
    /// <remarks>A log that is never rewritten may go: that is how its data is removed, when everything else is done.</remarks>
    public static long KeepFrom(IEnumerable<Erasure> all, int partition, int storesBeforeLog) => all
        .Where(e => e.IsOpen && e.Partition == partition && e.Steps.Count(s => s.AtMs is not null) < storesBeforeLog)
        .Select(e => e.Offset >= 0 ? e.Offset : e.LogEnd).DefaultIfEmpty(long.MaxValue).Min();

    /// <summary>How many stores are cleaned before the log's turn comes.</summary>
    public int StoresBeforeLog => atOnce.Count + stores.Count - 1;

    /// <summary>Moves every open erasure on as far as it goes now.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> StepAsync(CancellationToken cancel)
    {
        var open = ledger.All().Where(e => e.IsOpen).ToList();
        foreach (var erasure in open) await AdvanceAsync(erasure, cancel);
        return open.Count > 0;
    }

    private async Task AdvanceAsync(Erasure erasure, CancellationToken cancel)
    {
        if (erasure.Offset < 0)
        {
            if (Find(erasure) is not { } found)
            {
                if (Now() - erasure.RequestedAtMs > LostAfterMs) ledger.Change(erasure.Request, e => e.Offset < 0 ? e with { State = ErasureState.Lost } : e);
                return;
            }
            erasure = ledger.Change(erasure.Request, e => e with { Offset = found.Offset, AppendedAtMs = found.AppendedAtMs, State = ErasureState.Hidden });
        }
        var done = erasure.Steps.Count(s => s.AtMs is not null);
        foreach (var store in atOnce.Concat(stores).Skip(done))
        {
            var removal = done++ >= atOnce.Count && WhyNotYet(erasure) is { } why ? new Removal(0, why) : await store.RemoveAsync(Target(erasure), cancel);
            var changed = erasure.With(store.Store, removal, Now());
            if (removal.Waits is not null && removal.Removed == 0 && erasure.Waits == removal.Waits && erasure.Steps is [.., { AtMs: null }]) return; // as before
            erasure = ledger.Change(erasure.Request, _ => changed);
            if (removal.Waits is not null) return;
        }
        ledger.Change(erasure.Request, e => e with { State = ErasureState.Removed, RemovedAtMs = Now(), Waits = null, DueAtMs = null });
    }

    /// <summary>What still rests on the old data: nothing may be taken out before it is replaced.</summary>
    private string? WhyNotYet(Erasure erasure)
    {
        var (p, offset) = (erasure.Partition, erasure.Offset);
        if (ground.Served().Cut[p] <= offset) return "the next batch run leaves the person out and is yet to be published";
        if (!ground.IsServedEverywhere()) return "a partition does not yet serve the published epoch";
        if (!(ground.Checkpoints.Load(p)?.Applied > offset)) return "the partition has not written a checkpoint since";
        if (ground.Sink.Load(p).Next <= offset) return "the sink has not passed the erasure";
        return ground.PopulationBelow(p) <= offset ? "the population table is not written so far" : null;
    }

    private ErasureTarget Target(Erasure erasure) => new(
        CustomerAt(erasure), erasure.Partition, erasure.Offset, erasure.AppendedAtMs, ground.Served(), ground.Sink.Load(erasure.Partition).Next,
        erasure.Steps.LastOrDefault(s => s.AtMs is not null)?.AtMs ?? erasure.AppendedAtMs);

    private CustomerId? CustomerAt(Erasure erasure)
    {
        if (erasure.Offset < ground.Log.StartOffset(erasure.Partition)) return null;
        foreach (var frame in ground.Log.Read(erasure.Partition, erasure.Offset, 1))
            foreach (var (offset, record) in frame)
                if (offset == erasure.Offset && RecordCodec.KindOf(record.Span) == RecordKind.Erasure) return ErasureRecords.Read(record.Span).Customer;
        return null;
    }

    /// <summary>The record of a request, where a crash left open whether it was appended.</summary>
    private (long Offset, long AppendedAtMs)? Find(Erasure erasure)
    {
        for (var next = Math.Max(erasure.LogEnd, ground.Log.StartOffset(erasure.Partition)); ;)
        {
            var frames = ground.Log.Read(erasure.Partition, next, ReadBytes);
            if (frames.Count == 0) return null;
            foreach (var frame in frames)
                foreach (var (offset, record) in frame)
                    if (RecordCodec.KindOf(record.Span) == RecordKind.Erasure && ErasureRecords.Read(record.Span).Request == erasure.Request) return (offset, frame.AppendedAtMs);
            next = frames[^1].EndOffset;
        }
    }

    private long Now() => ground.Time.GetUtcNow().ToUnixTimeMilliseconds();
}
