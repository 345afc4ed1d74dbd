namespace Lambda.SpeedLayer.Sqlite.Log;

/// <summary>Bounds of the event log, in bytes of uncompressed records unless said otherwise. Why these: docs/adr/0006.</summary>
public sealed record LogLimits
{
    public static readonly LogLimits Default = new();

    /// <summary>Appends that wait or are being written. Past it an append is refused: LogFullException.</summary>
    public long PendingBytesMax { get; init; } = 64 << 20;

    /// <summary>One transaction takes waiting appends until it holds so much: what a small append behind a flood of large ones waits for.</summary>
    public long GroupBytesMax { get; init; } = 2 << 20;

    /// <summary>Newest frames kept ready in memory: the tail readers' share of the log.</summary>
    public long RecentBytesMax { get; init; } = 64 << 20;

    /// <summary>The WAL goes into the file when it has so many pages (4 MB): some 5 ms, after the commit was acknowledged.</summary>
    public int WalPagesMax { get; init; } = 256;

    /// <summary>Deleted per transaction of a truncation: between two of them appends are served.</summary>
    public long TruncateBytesPerSlice { get; init; } = 8 << 20;

    /// <summary>More free pages than this, and than half of the file: they are given back until a quarter is free.</summary>
    public long FreeFileBytesMax { get; init; } = 64 << 20;

    /// <summary>Size of the file itself, 0 = what the disk holds. Past it an append fails as on a full disk.</summary>
    public long FileBytesMax { get; init; }
}
