namespace Lambda.SpeedLayer.Worker;

public sealed partial class PartitionHost
{
    private CheckpointImage? _image;
    private Task? _writing;
    private long _storedAtOffset;
    private long _storedAtMs;
    private bool _checkpointWanted;

    /// <summary>Asks for a checkpoint of everything applied by now, at the next <see cref="Step"/>.</summary>
    public void RequestCheckpoint() => _checkpointWanted = true;

    public bool IsCheckpointing => _image is not null || _writing is not null;

    /// <summary>Moves a due checkpoint on by one slice; call often.</summary>
    public void AdvanceCheckpoint()
    {
        FinishWriting();
        if (_image is null && _writing is null && IsCheckpointDue()) Begin();
        if (_image is null) return;
        lock (_gate) _worker.SliceCheckpoint(Limits.CheckpointSliceEntities);
        if (_image.IsComplete) Write(_image);
    }

    /// <summary>Writes a checkpoint of everything applied, now and to the end: for a clean stop.</summary>
    public async Task CheckpointNowAsync()
    {
        do
        {
            if (_writing is not null) await _writing;
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
            || (behind > 0 && _ports.Time.GetUtcNow().ToUnixTimeMilliseconds() - _storedAtMs >= _settings.CheckpointIntervalMs);
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
        _writing = _background(() => _ports.Checkpoints.Write(Partition, image.Checkpoint, rows));
        FinishWriting();
    }

    private long _writtenOffset;

    private void FinishWriting()
    {
        if (_writing is not { IsCompleted: true }) return;
        var writing = _writing;
        _writing = null;
        writing.GetAwaiter().GetResult(); // a failed or fenced checkpoint stops the partition, by the caller of Step
        lock (_gate) _worker.Stored(Limits.ResidentEntitiesPerPartition);
        _storedAtOffset = _writtenOffset;
        _storedAtMs = _ports.Time.GetUtcNow().ToUnixTimeMilliseconds();
    }
}
