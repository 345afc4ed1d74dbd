using System.Text;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every event log must do. An adapter says how to open one and how to open the same one again.</summary>
public abstract class EventLogSuite : IAsyncLifetime
{
    protected const int P = 4;
    private static readonly CancellationToken None = CancellationToken.None;

    private IEventLog _log = null!;

    protected ManualTime Time { get; } = new();

    /// <summary>Each append of these tests makes a frame of its own. Where frames are only made for readers: neighbours of one append time, cut at any record.</summary>
    protected virtual bool FrameIsAppend => true;

    /// <summary>Opens the log of this test: empty the first time, afterwards with what was appended.</summary>
    protected abstract ValueTask<IEventLog> OpenAsync();

    public virtual async Task InitializeAsync() => _log = await OpenAsync();

    public virtual async Task DisposeAsync() => await _log.DisposeAsync();

    [Fact]
    public void Read_WhenEmpty_GivesNothing()
    {
        Assert.Equal(P, _log.Partitions);
        Assert.Empty(_log.Read(0, 0, 1 << 20));
        Assert.Equal((0, 0, 0), (_log.StartOffset(0), _log.EndOffset(0), _log.LastAppendedAtMs(0)));
    }

    [Fact]
    public async Task Append_WhenDone_RecordsAreReadInOrder()
    {
        var positions = await _log.AppendAsync(Batch((1, "a"), (3, "x"), (1, "b"), (1, "")), None);
        Assert.Equal([new Position(1, 2), new Position(3, 0)], positions.OrderBy(p => p.Partition));
        await Append(1, "c");
        Assert.Equal(["0:a", "1:b", "2:", "3:c"], Records(1, 0));
        Assert.Equal(["0:x"], Records(3, 0));
        Assert.Empty(Records(0, 0));
        Assert.Equal(4, _log.EndOffset(1));
    }

    [Fact]
    public async Task Append_WhenBatchIsEmpty_ChangesNothing()
    {
        Assert.Empty(await _log.AppendAsync(new AppendBatch(P), None));
        Assert.All(Enumerable.Range(0, P), p => Assert.Equal(0, _log.EndOffset(p)));
    }

    [Fact]
    public async Task Append_WhenPartitionCountDiffers_Throws()
    {
        var wrong = new AppendBatch(P + 1);
        wrong.Add(0, "a"u8);
        await Assert.ThrowsAsync<ArgumentException>(async () => await _log.AppendAsync(wrong, None));
        Assert.Equal(0, _log.EndOffset(0));
    }

    [Fact]
    public async Task Append_WhenCancelledBefore_AppendsNothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _log.AppendAsync(Batch((0, "a")), new CancellationToken(true)));
        await Append(0, "b");
        Assert.Equal(["0:b"], Records(0, 0));
    }

    [Fact]
    public async Task Append_WhenManyAtOnce_EachIsWholeAndInOrder()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++) await _log.AppendAsync(Batch((0, $"{writer}/{i}/first"), (0, $"{writer}/{i}/second"), (2, $"{writer}/{i}")), None);
        })));
        var records = Records(0, 0);
        Assert.Equal(800, records.Count);
        for (var i = 0; i < records.Count; i += 2)
            Assert.Equal(records[i].Split(':')[1].Replace("first", "second"), records[i + 1].Split(':')[1]);
        for (var writer = 0; writer < 8; writer++)
            Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{writer}/{i}"), Records(2, 0).Select(r => r.Split(':')[1]).Where(r => r.StartsWith($"{writer}/")));
    }

    [Fact]
    public async Task Read_WhenOffsetIsInsideAFrame_FirstFrameMayBeginBefore()
    {
        await Append(0, "a", "b", "c");
        await Append(0, "d");
        Assert.Equal(["1:b", "2:c", "3:d"], Records(0, 1));
        Assert.Equal(["2:c", "3:d"], Records(0, 2));
        Assert.Equal(["3:d"], Records(0, 3));
        Assert.Empty(_log.Read(0, 4, 100));
        Assert.Empty(_log.Read(0, 5, 100));
    }

    [Fact]
    public async Task Read_WhenMaxBytesIsSmall_GivesAtLeastOneFrameAndStopsThere()
    {
        for (var i = 0; i < 5; i++) await Append(0, new string('x', 1000));
        Assert.NotEmpty(_log.Read(0, 0, 1));
        if (FrameIsAppend)
        {
            Assert.Single(_log.Read(0, 0, 1));
            Assert.Equal(2, _log.Read(0, 1, 1500).Count);
        }
        Assert.Equal(5, _log.Read(0, 0, int.MaxValue).Sum(f => f.Count));
    }

    [Fact]
    public async Task Append_WhenClockGoesBack_AppendTimeNeverDecreases()
    {
        var first = Time.NowMs;
        await Append(0, "a");
        Time.Advance(TimeSpan.FromMinutes(-5));
        await Append(0, "b");
        Assert.Equal(first, _log.LastAppendedAtMs(0));
        _log = await ReopenAsync();
        await Append(0, "c");
        Time.Advance(TimeSpan.FromMinutes(6));
        await Append(0, "d");
        Assert.Equal([first, first, first, first + 60_000], _log.Read(0, 0, 1 << 20).SelectMany(f => Enumerable.Repeat(f.AppendedAtMs, f.Count)));
        Assert.Equal(first + 60_000, _log.LastAppendedAtMs(0));
        Assert.Equal(0, _log.LastAppendedAtMs(1));
    }

    [Fact]
    public async Task OffsetAtTime_WhenAsked_GivesTheLastRecordAppendedByThen()
    {
        var start = Time.NowMs;
        await Append(0, "a", "b");
        Time.Advance(TimeSpan.FromSeconds(10));
        await Append(0, "c");
        Assert.Equal(0, _log.OffsetAtTime(0, start - 1));
        Assert.Equal(1, _log.OffsetAtTime(0, start));
        Assert.Equal(1, _log.OffsetAtTime(0, start + 9_999));
        Assert.Equal(2, _log.OffsetAtTime(0, start + 10_000));
        await _log.TruncateAsync(0, 2, None);
        Assert.Equal(2, _log.OffsetAtTime(0, start));
        Assert.Equal(0, _log.OffsetAtTime(1, start));
    }

    [Fact]
    public async Task Wait_WhenRecordComes_Completes()
    {
        await Append(0, "a");
        await _log.WaitAsync(0, 0, None);
        var later = _log.WaitAsync(0, 2, None);
        await Append(0, "b");
        await Append(1, "other", "partition", "records");
        Assert.False(later.IsCompleted);
        await Append(0, "c");
        await later.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Wait_WhenCancelled_Throws()
    {
        using var cancel = new CancellationTokenSource();
        var waiting = _log.WaitAsync(0, 0, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Append(0, "a");
    }

    [Fact]
    public async Task Truncate_WhenInsideAFrame_KeepsTheFrame()
    {
        await Append(0, "a", "b");
        await Append(0, "c", "d");
        await Append(1, "z");
        await _log.TruncateAsync(0, 3, None);
        var start = _log.StartOffset(0);
        Assert.InRange(start, 2, FrameIsAppend ? 2 : 3);
        Assert.Equal(start == 2 ? ["2:c", "3:d"] : ["3:d"], Records(0, start));
        Assert.Equal(["0:z"], Records(1, 0));
        await _log.TruncateAsync(0, 1, None);
        Assert.Equal(start, _log.StartOffset(0));
    }

    [Fact]
    public async Task Read_WhenBeforeTheStart_Throws()
    {
        await Append(0, "a");
        await Append(0, "b");
        await _log.TruncateAsync(0, 1, None);
        Assert.Throws<LogTruncatedException>(() => _log.Read(0, 0, 100));
    }

    [Fact]
    public async Task Truncate_WhenBeyondTheEnd_Throws()
    {
        await Append(0, "a");
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _log.TruncateAsync(0, 2, None));
        Assert.Equal(["0:a"], Records(0, 0));
    }

    [Fact]
    public async Task Truncate_WhenAll_OffsetsAndTimeGoOnAfterReopening()
    {
        await Append(0, "a", "b");
        var at = Time.NowMs;
        await _log.TruncateAsync(0, 2, None);
        _log = await ReopenAsync();
        Assert.InRange(_log.StartOffset(0), FrameIsAppend ? 2 : 1, 2); // who keeps the append time in the records keeps the newest
        Assert.Equal((2, at), (_log.EndOffset(0), _log.LastAppendedAtMs(0)));
        Time.Advance(TimeSpan.FromHours(-1));
        await Append(0, "c");
        Assert.Equal(["2:c"], Records(0, 2));
        Assert.Equal(at, _log.LastAppendedAtMs(0));
        Assert.Throws<LogTruncatedException>(() => _log.Read(0, 0, 100));
    }

    [Fact]
    public async Task Reopen_WhenClosed_EverythingIsThere()
    {
        var large = new string('y', 100_000);
        await Append(0, "a", large, "");
        await Append(2, "b");
        _log = await ReopenAsync();
        Assert.Equal(["0:a", "1:" + large, "2:"], Records(0, 0));
        await Append(0, "c");
        Assert.Equal(["2:", "3:c"], Records(0, 2));
        Assert.Equal(["0:b"], Records(2, 0));
    }

    [Fact]
    public async Task Read_WhileAppendedAndTruncated_SeesEveryRecordOnceInOrder()
    {
        const int records = 2_000;
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < records; i++) await Append(0, $"{i}");
        });
        long next = 0;
        while (next < records)
        {
            await _log.WaitAsync(0, next, None).WaitAsync(TimeSpan.FromSeconds(60));
            foreach (var frame in _log.Read(0, next, 4096))
                foreach (var (offset, record) in frame)
                {
                    if (offset < next) continue;
                    Assert.Equal(next, offset);
                    Assert.Equal($"{offset}", Encoding.UTF8.GetString(record.Span));
                    next++;
                }
            await _log.TruncateAsync(0, next, None);
        }
        await writing;
        Assert.Equal(next, _log.EndOffset(0));
    }

    private async Task<IEventLog> ReopenAsync()
    {
        await _log.DisposeAsync();
        return await OpenAsync();
    }

    protected static AppendBatch Batch(params (int Partition, string Record)[] records)
    {
        var batch = new AppendBatch(P);
        foreach (var (partition, record) in records) batch.Add(partition, Encoding.UTF8.GetBytes(record));
        return batch;
    }

    private async Task Append(int partition, params string[] records) =>
        await _log.AppendAsync(Batch([.. records.Select(r => (partition, r))]), None);

    /// <summary>`offset:text` of every record from the offset on.</summary>
    private List<string> Records(int partition, long from)
    {
        var records = new List<string>();
        for (IReadOnlyList<LogFrame> frames; (frames = _log.Read(partition, from, 1 << 16)).Count > 0;)
            foreach (var frame in frames)
                foreach (var (offset, record) in frame)
                    if (offset >= from)
                    {
                        records.Add($"{offset}:{Encoding.UTF8.GetString(record.Span)}");
                        from = offset + 1;
                    }
        return records;
    }
}
