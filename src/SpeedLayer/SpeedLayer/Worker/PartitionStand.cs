using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>
/// Where one partition stands, besides its customers: position, epochs, counters, an adoption that waits for its barrier. Pure; the same under every
/// runtime, whoever owns the entities.
/// </summary>
public sealed class PartitionStand(Epochs epochs, long applied, long rememberOnlyBelow = 0, WorkerCounters counters = default, long lastAppendedAtMs = 0)
{
    private (long Epoch, CompiledView View)? _pendingAdoption;

    public Epochs Epochs { get; private set; } = epochs;

    /// <summary>Next offset to read: everything before it was handed to the entities.</summary>
    public long Applied { get; private set; } = applied;

    /// <summary>Append time of the newest applied record, ms since 1970; 0 before the first.</summary>
    public long LastAppendedAtMs { get; private set; } = lastAppendedAtMs;

    /// <summary>Records before it are in the base: only their event ids are remembered (rebuild without checkpoint).</summary>
    public long RememberOnlyBelow { get; } = rememberOnlyBelow;

    public WorkerCounters Counters { get; set; } = counters;

    /// <summary>False until replay has reached the barrier of the published base: before it, base and applied position would not fit together.</summary>
    public bool CanAnswer => _pendingAdoption is null && Applied >= RememberOnlyBelow;

    /// <summary>What the checkpoint of this moment says besides the entities.</summary>
    public WorkerHeader Header() => new(
        Epochs.Published, Epochs.Current, Epochs.Active.Definition.Hash, Epochs.Next?.Definition.Hash, LastAppendedAtMs, Counters, RememberOnlyBelow, WorkerHeader.MemoriesNow);

    /// <summary>The record at this offset was applied.</summary>
    public void Advance(long offset, long appendedAtMs) => (Applied, LastAppendedAtMs) = (offset + 1, appendedAtMs);

    public void Barrier(long offset, EpochBarrier barrier, IViewCatalog views)
    {
        if (offset < RememberOnlyBelow) return;
        if (barrier.Epoch != Epochs.Open)
        {
            Counters = Counters with { IgnoredBarriers = Counters.IgnoredBarriers + 1 };
            return;
        }
        Epochs = Epochs.AfterBarrier(barrier.Epoch, views.ByHash(barrier.DefinitionHash));
        if (_pendingAdoption is { } pending && pending.Epoch == Epochs.Current) AdoptPending();
    }

    /// <summary>
    /// Serves the base of this epoch from now on. At recovery the barrier may still lie ahead in the log: then adoption happens there, before
    /// anything behind it is folded.
    /// </summary>
    public void Adopt(long epoch, CompiledView definition)
    {
        if (epoch <= Epochs.Published) return;
        _pendingAdoption = (epoch, definition);
        if (Epochs.Current >= epoch) AdoptPending();
    }

    private void AdoptPending()
    {
        var (epoch, view) = _pendingAdoption!.Value;
        Epochs = Epochs.AfterAdoption(epoch, view);
        _pendingAdoption = null;
    }

    // --- recovery -------------------------------------------------------------------------------------------------------------

    /// <summary>
    /// The partition's checkpoint, if it can be gone on with. One of a Lambda whose entities had no fraud memories, or one whose filling was interrupted, is forgotten:
    /// the partition is rebuilt. Only for its owner.
    /// </summary>
    /// <exception cref="CheckpointCorruptException">It cannot be read.</exception>
    public static Checkpoint? Usable(WorkerSettings settings, ICheckpointStore checkpoints)
    {
        if (checkpoints.Load(settings.Partition) is not { } stored) return null;
        if (ReadHeader(settings, stored).Memories == WorkerHeader.MemoriesNow) return stored;
        checkpoints.Delete(settings.Partition);
        return null;
    }

    /// <summary>
    /// The one path of recovery and rebuild: checkpoint, or base with the seen ids of the horizon before its cut; the log is read on from there.
    /// </summary>
    /// <exception cref="CheckpointCorruptException">The checkpoint's header cannot be read.</exception>
    /// <exception cref="LogTruncatedException">A rebuild would need what the log no longer has.</exception>
    public static PartitionStand Recover(WorkerSettings settings, Publication published, Checkpoint? stored, IEventLog log, IViewCatalog views)
    {
        var definition = views.ByHash(published.DefinitionHash);
        var stand = stored is null ? Rebuild(settings, published, definition, log) : Resume(settings, stored, views);
        stand.Adopt(published.Epoch, definition);
        return stand;
    }

    private static PartitionStand Resume(WorkerSettings settings, Checkpoint stored, IViewCatalog views)
    {
        var header = ReadHeader(settings, stored);
        var next = header.NextDefinition is null ? null : views.ByHash(header.NextDefinition);
        var epochs = new Epochs(header.Published, header.Current, views.ByHash(header.ActiveDefinition), next);
        return new PartitionStand(epochs, stored.Applied, header.RememberOnlyBelow, header.Counters, header.LastAppendedAtMs);
    }

    private static WorkerHeader ReadHeader(WorkerSettings settings, Checkpoint stored)
    {
        try
        {
            return WorkerHeader.Decode(stored.Worker.Span);
        }
        catch (InvalidDataException e)
        {
            throw new CheckpointCorruptException(settings.Partition, e.Message);
        }
    }

    private static PartitionStand Rebuild(WorkerSettings settings, Publication published, CompiledView definition, IEventLog log)
    {
        var cut = published.Cut[settings.Partition];
        var epochs = new Epochs(published.Epoch, published.Epoch, definition, null);
        return new PartitionStand(epochs, RebuildFrom(settings, published, cut, log), cut == 0 ? 0 : cut + 1);
    }

    // Ids seen up to one horizon before the cut may still come again behind it.
    private static long RebuildFrom(WorkerSettings settings, Publication published, long cut, IEventLog log)
    {
        if (cut == 0) return 0;
        var since = Retention.HorizonStartMs(published, settings.Partition, settings.HorizonMs);
        var from = Math.Min(cut, log.OffsetAtTime(settings.Partition, since));
        var start = log.StartOffset(settings.Partition);
        if (start > 0 && from <= start && log.Read(settings.Partition, start, 1) is [var first, ..] && first.AppendedAtMs > since)
            throw new LogTruncatedException(settings.Partition, from - 1, start);
        return from;
    }
}
