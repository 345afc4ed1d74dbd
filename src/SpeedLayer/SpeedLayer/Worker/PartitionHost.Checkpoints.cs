using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

public sealed partial class PartitionHost
{
    private const int EvictionSlices = 16;

    private CheckpointImage? _image;
    private Action? _write; // of the complete image that is not durable yet
    private Task? _writing; // runs it; null while it waits to be tried again
    private long _retryAtMs;
    private long _storedAtOffset;
    private long _storedAtMs;
    private bool _checkpointWanted;
    private CheckpointWriteException? _checkpointFault;

    /// <summary>Asks for a checkpoint of everything applied by now, at the next <see cref="Step"/>.</summary>
    public void RequestCheckpoint() => _checkpointWanted = true;

    public bool IsCheckpointing => _image is not null || _write is not null;

    /// <summary>Why the last checkpoint could not be written; null once one was. Folding and reads go on, replay after a crash would take longer.</summary>
    public CheckpointWriteException? CheckpointFault => _checkpointFault ?? (_facts.Fault is { } why ? new CheckpointWriteException(Partition, "its store, for what was folded for others could not be stored", why.Message, why) : null);

    /// <summary>Moves a due checkpoint on by one slice; call often.</summary>
    public void AdvanceCheckpoint()
    {
        FinishWriting();
        for (var i = 0; i < EvictionSlices && _worker.ResidentEntities > _settings.ResidentEntities; i++)
            lock (_gate) _worker.Evict(Limits.EvictionSliceEntities);
        if (_write is not null && _writing is null && NowMs() >= _retryAtMs) StartWriting(_write);
        if (!IsCheckpointing && IsCheckpointDue() && _facts.TryFlush(NowMs())) Begin(); // what is told of is found again only by replay
        if (_image is null) return;
        lock (_gate) _worker.SliceCheckpoint(Limits.CheckpointSliceEntities);
        if (_image.IsComplete) Write(_image);
    }

    /// <summary>Writes a checkpoint of everything applied, now and to the end: for a clean stop.</summary>
    /// <exception cref="CheckpointWriteException">It could not be written: at the next start the log is replayed from the one before.</exception>
    public async Task CheckpointNowAsync()
    {
        do
        {
            if (_writing is not null) await _writing;
            else if (_write is not null || _facts.Fault is not null) throw CheckpointFault!;
            if (!IsCheckpointing) RequestCheckpoint();
            AdvanceCheckpoint();
        }
        while (IsCheckpointing || _checkpointWanted);
    }

    private bool IsCheckpointDue()
    {
        var behind = _worker.Applied - _storedAtOffset;
        if (_checkpointWanted) return true;
        return behind >= _settings.CheckpointRecords
            || (behind > 0 && NowMs() - _storedAtMs >= _settings.CheckpointIntervalMs);
    }

    private void Begin()
    {
        _checkpointWanted = false;
        lock (_gate) _image = _worker.BeginCheckpoint(_generation);
    }

    private void Write(CheckpointImage image)
    {
        var rows = image.Rows();
        _image = null;
        _writtenOffset = image.Checkpoint.Applied;
        StartWriting(() => _ports.Checkpoints.Write(Partition, image.Checkpoint, rows));
    }

    private void StartWriting(Action write)
    {
        _write = write;
        _writing = _background(write);
        FinishWriting();
    }

    private long _writtenOffset;

    private void FinishWriting()
    {
        if (_writing is not { IsCompleted: true }) return;
        var writing = _writing;
        _writing = null;
        try
        {
            writing.GetAwaiter().GetResult(); // a fenced or corrupt checkpoint stops the partition, by the caller of Step
        }
        catch (CheckpointWriteException e)
        {
            (_checkpointFault, _retryAtMs) = (e, NowMs() + Limits.CheckpointRetryMs);
            return;
        }
        (_write, _checkpointFault) = (null, null);
        lock (_gate) _worker.Stored();
        _storedAtOffset = _writtenOffset;
        _storedAtMs = NowMs();
    }

    private long NowMs() => _ports.Time.GetUtcNow().ToUnixTimeMilliseconds();
}
