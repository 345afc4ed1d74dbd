using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite.Log;

/// <summary>What is known of a partition besides its frames.</summary>
internal readonly record struct PartitionBounds(long Start, long End, long LastAppendedAtMs);

/// <summary>The statements on the log's tables, on one connection.</summary>
internal sealed class FrameTable(Database database) : IDisposable
{
    public const int PartitionsMax = 1 << 14;
    private const int OffsetBits = 48;
    private const string Columns = "id, count, appended_at_ms, encoding, raw_bytes, checksum, payload";

    private readonly Statement _insert = database.Prepare($"INSERT INTO frames({Columns}) VALUES (?,?,?,?,?,?,?)");
    private readonly Statement _replace = database.Prepare("UPDATE frames SET encoding = ?, raw_bytes = ?, checksum = ?, payload = ? WHERE id = ?");
    private readonly Statement _floor = database.Prepare("SELECT id, count, appended_at_ms FROM frames WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1");
    private readonly Statement _ceiling = database.Prepare("SELECT id, count, appended_at_ms FROM frames WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1");
    private readonly Statement _range = database.Prepare($"SELECT {Columns} FROM frames WHERE id BETWEEN ? AND ? ORDER BY id");
    private readonly Statement _delete = database.Prepare("DELETE FROM frames WHERE id BETWEEN ? AND ?");
    private readonly Statement _sizes = database.Prepare("SELECT id, count, raw_bytes FROM frames WHERE id BETWEEN ? AND ? ORDER BY id");
    private readonly Statement _bounds = database.Prepare("SELECT start_offset, end_offset, last_appended_at_ms, checksum FROM truncations WHERE partition = ?");
    private readonly Statement _truncated = database.Prepare("INSERT OR REPLACE INTO truncations(partition, start_offset, end_offset, last_appended_at_ms, checksum) VALUES (?,?,?,?,?)");

    private byte[] _buffer = [];

    /// <summary>One integer key puts the frames of a partition side by side, in order, and finds one in a single descent.</summary>
    private static long Id(int partition, long offset) => (long)partition << OffsetBits | offset;

    public void Insert(LogFrame frame)
    {
        var payload = FrameCodec.Encode(frame.Records.Span, ref _buffer, out var encoding);
        var header = new FrameHeader(frame.Partition, frame.FirstOffset, frame.Count, frame.AppendedAtMs, encoding, frame.Records.Length);
        _insert.Bind(1, Id(frame.Partition, frame.FirstOffset)).Bind(2, frame.Count).Bind(3, frame.AppendedAtMs).Bind(4, (long)encoding)
            .Bind(5, frame.Records.Length).Bind(6, FrameCodec.Checksum(header, payload)).Bind(7, payload).Run();
    }

    /// <summary>Other content in the place of a frame; none where retention was first.</summary>
    public void Replace(LogFrame frame)
    {
        var payload = FrameCodec.Encode(frame.Records.Span, ref _buffer, out var encoding);
        var header = new FrameHeader(frame.Partition, frame.FirstOffset, frame.Count, frame.AppendedAtMs, encoding, frame.Records.Length);
        _replace.Bind(1, (long)encoding).Bind(2, frame.Records.Length).Bind(3, FrameCodec.Checksum(header, payload)).Bind(4, payload)
            .Bind(5, Id(frame.Partition, frame.FirstOffset)).Run();
    }

    /// <summary>Frames that hold offsets in [from, end), from the one that holds <paramref name="from"/>, until <paramref name="maxBytes"/>.</summary>
    /// <exception cref="LogCorruptException"/>
    public List<LogFrame> Read(int partition, long from, long end, int maxBytes)
    {
        var frames = new List<LogFrame>();
        var expected = from;
        try
        {
            var first = Seek(_floor, partition, 0, from)?.FirstOffset ?? throw new InvalidDataException("the frame is missing");
            _range.Bind(1, Id(partition, first)).Bind(2, Id(partition, end - 1));
            for (long bytes = 0; (frames.Count == 0 || bytes < maxBytes) && _range.Step(); bytes += frames[^1].Records.Length)
            {
                frames.Add(Current(partition));
                if (frames.Count > 1 ? frames[^1].FirstOffset != expected : from < frames[0].FirstOffset || from >= frames[0].EndOffset)
                    throw new InvalidDataException($"the frame is missing, the next one begins at {frames[^1].FirstOffset}");
                expected = frames[^1].EndOffset;
            }
            return frames;
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException || e is SqliteFault { IsCorrupt: true })
        {
            throw new LogCorruptException(partition, expected, $"{database.Path}: {(e as SqliteFault)?.Cause ?? e.Message}");
        }
        finally
        {
            _range.Reset();
        }
    }

    private LogFrame Current(int partition)
    {
        var offset = _range.Long(0) - Id(partition, 0);
        var header = new FrameHeader(partition, offset, checked((int)_range.Long(1)), _range.Long(2), (FrameEncoding)checked((byte)_range.Long(3)), checked((int)_range.Long(4)));
        if (header.RawBytes < 0 || header.Count <= 0) throw new InvalidDataException("length or count is negative");
        return new LogFrame(partition, offset, header.Count, header.AppendedAtMs, FrameCodec.Decode(header, _range.Blob(6), _range.Long(5)));
    }

    /// <summary>From the newest frame, which is checked whole: a wrong end would let the next append hide records.</summary>
    /// <exception cref="LogCorruptException"/>
    public PartitionBounds Bounds(int partition)
    {
        var known = default(PartitionBounds);
        _bounds.Bind(1, partition);
        if (_bounds.Step())
        {
            known = new PartitionBounds(_bounds.Long(0), _bounds.Long(1), _bounds.Long(2));
            var right = _bounds.Long(3) == FrameCodec.Checksum(partition, known);
            _bounds.Reset();
            if (!right) throw new LogCorruptException(partition, known.Start, $"{database.Path}: checksum of the start of the log differs");
        }
        if (Seek(_floor, partition, 0, Id(1, 0) - 1) is not { } newest) return known;
        var frame = Read(partition, newest.FirstOffset, newest.End, 1)[0];
        return new PartitionBounds(known.Start, frame.EndOffset, frame.AppendedAtMs);
    }

    /// <summary>Last offset of the last frame with an append time of at most <paramref name="atMs"/>: binary search, the time never decreases.</summary>
    public long? OffsetAtTime(int partition, long start, long end, long atMs)
    {
        long? found = null;
        for (var (low, high) = (start, end); low < high;)
        {
            var middle = low + (high - low) / 2;
            if (Seek(_ceiling, partition, middle, high - 1) is not { } frame) high = middle;
            else if (frame.AppendedAtMs > atMs) high = middle;
            else (found, low) = (frame.End - 1, frame.End);
        }
        return found;
    }

    /// <summary>In the caller's transaction: deletes whole frames before <paramref name="offset"/>, at least one, until <paramref name="maxBytes"/>.</summary>
    /// <returns>The new start; the old one when the first frame holds the offset.</returns>
    public long DeleteSlice(int partition, PartitionBounds bounds, long offset, long maxBytes)
    {
        var start = bounds.Start;
        _sizes.Bind(1, Id(partition, start)).Bind(2, Id(partition, offset));
        for (long bytes = 0; bytes < maxBytes && _sizes.Step() && start + _sizes.Long(1) <= offset; bytes += _sizes.Long(2))
            start += _sizes.Long(1);
        _sizes.Reset();
        if (start == bounds.Start) return start;
        _delete.Bind(1, Id(partition, bounds.Start)).Bind(2, Id(partition, start) - 1).Run();
        _truncated.Bind(1, partition).Bind(2, start).Bind(3, bounds.End).Bind(4, bounds.LastAppendedAtMs)
            .Bind(5, FrameCodec.Checksum(partition, bounds with { Start = start })).Run();
        return start;
    }

    private static (long FirstOffset, long End, long AppendedAtMs)? Seek(Statement statement, int partition, long from, long to)
    {
        statement.Bind(1, Id(partition, from)).Bind(2, Id(partition, to));
        (long, long, long)? found = null;
        if (statement.Step())
        {
            var first = statement.Long(0) - Id(partition, 0);
            found = (first, first + statement.Long(1), statement.Long(2));
        }
        statement.Reset();
        return found;
    }

    public void Dispose()
    {
        foreach (var statement in (Statement[])[_insert, _replace, _floor, _ceiling, _range, _delete, _sizes, _bounds, _truncated]) statement.Dispose();
    }
}
