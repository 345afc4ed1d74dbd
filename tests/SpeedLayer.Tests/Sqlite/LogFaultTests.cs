using System.Diagnostics;
using System.Text;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;
using Lambda.SpeedLayer.Sqlite.Log;
using Lambda.SpeedLayer.Sqlite.Raw;
using Lambda.TestKit;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Sqlite;

/// <summary>The log when the disk is full, the file is foreign or in use, the queue is full.</summary>
public sealed class LogFaultTests : IDisposable
{
    private const int P = 2;
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TempFolder _folder = new();

    private string FilePath => _folder.File("events.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Append_WhenTheFileMayNotGrow_FailsWholeAndWorksAgainAfterTruncation()
    {
        var limits = new LogLimits { FileBytesMax = 2 << 20, RecentBytesMax = 0 };
        await using (var log = SqliteEventLog.Open(FilePath, P, TimeProvider.System, limits))
        {
            await FillAsync(log);
            await AssertIntactAsync(log);
            await log.TruncateAsync(0, log.EndOffset(0), None);
            await log.AppendAsync(Noise(1, 100), None);
        }
        await using var reopened = SqliteEventLog.Open(FilePath, P, TimeProvider.System, limits);
        await AssertIntactAsync(reopened);
    }

    [SkippableFact]
    public async Task Append_WhenTheDiskIsFull_FailsWholeAndWorksAgainWithSpace()
    {
        var mount = _folder.File("small");
        Directory.CreateDirectory(mount);
        Skip.IfNot(Mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", mount), "needs to mount a small disk: not allowed here");
        try
        {
            var ballast = Path.Combine(mount, "ballast");
            File.WriteAllBytes(ballast, new byte[3 << 20]);
            await using (var log = SqliteEventLog.Open(Path.Combine(mount, "events.db"), P, TimeProvider.System, new LogLimits { RecentBytesMax = 0 }))
            {
                await FillAsync(log);
                await AssertIntactAsync(log);
                File.Delete(ballast);
                await log.AppendAsync(Noise(1, 100), None);
            }
            await using var reopened = SqliteEventLog.Open(Path.Combine(mount, "events.db"), P, TimeProvider.System);
            await AssertIntactAsync(reopened);
        }
        finally
        {
            Process.Start("umount", mount).WaitForExit();
        }
    }

    [Fact]
    public async Task File_WhenAppendedAndTruncatedForLong_StaysBounded()
    {
        await using var log = SqliteEventLog.Open(FilePath, P, TimeProvider.System, new LogLimits { RecentBytesMax = 0 });
        long after10 = 0;
        for (var i = 1; i <= 60; i++)
        {
            await log.AppendAsync(Noise(i, 300), None);
            for (var p = 0; p < P; p++) await log.TruncateAsync(p, log.EndOffset(p) - 1, None);
            if (i == 10) after10 = FileBytes();
        }
        Assert.True(FileBytes() <= after10 + (6 << 20), $"{after10} bytes grew to {FileBytes()}");
    }

    [Fact]
    public async Task File_WhenMostOfItWasTruncated_Shrinks()
    {
        var limits = new LogLimits { RecentBytesMax = 0, FreeFileBytesMax = 1 << 20 };
        var peak = await FillAndTruncateAsync(limits);
        Assert.True(FileBytes() < peak / 2, $"{peak} bytes shrank to {FileBytes()} only");
        await using var reopened = SqliteEventLog.Open(FilePath, P, TimeProvider.System, limits);
        await AssertIntactAsync(reopened);
        await reopened.AppendAsync(Noise(1, 100), None);
    }

    [Fact]
    public async Task File_WhenLittleIsFree_IsNotRewritten()
    {
        await FillAndTruncateAsync(new LogLimits { RecentBytesMax = 0 }); // 11 MB: less than the bound
        Assert.True(FileBytes() > 8 << 20, $"shrank to {FileBytes()} bytes");
    }

    [Fact]
    public async Task File_MadeBeforeItCouldShrink_GoesOnAsItIs()
    {
        var limits = new LogLimits { RecentBytesMax = 0, FreeFileBytesMax = 1 << 20 };
        await SqliteEventLog.Open(FilePath, P, TimeProvider.System, limits).DisposeAsync();
        Execute("PRAGMA auto_vacuum=0; VACUUM");
        await FillAndTruncateAsync(limits);
        await using var reopened = SqliteEventLog.Open(FilePath, P, TimeProvider.System, limits);
        await AssertIntactAsync(reopened);
    }

    /// <returns>Bytes of the file before the truncation.</returns>
    private async Task<long> FillAndTruncateAsync(LogLimits limits)
    {
        await using var log = SqliteEventLog.Open(FilePath, P, TimeProvider.System, limits);
        for (var i = 0; i < 60; i++) await log.AppendAsync(Noise(i, 300), None);
        var peak = FileBytes();
        var truncations = Enumerable.Range(0, P).Select(p => log.TruncateAsync(p, log.EndOffset(p) - 10, None)).ToList();
        for (var i = 0; i < 20; i++) await log.AppendAsync(Noise(i, 5), None); // in between
        await Task.WhenAll(truncations);
        await AssertIntactAsync(log);
        return peak;
    }

    private long FileBytes() => new[] { FilePath, FilePath + "-wal" }.Where(File.Exists).Sum(f => new FileInfo(f).Length);

    [Fact]
    public async Task Append_WhenTheQueueIsFull_IsRefusedAndNothingIsAppended()
    {
        var limits = new LogLimits { PendingBytesMax = 1_000 };
        await using var log = SqliteEventLog.Open(FilePath, P, TimeProvider.System, limits);
        Task<IReadOnlyList<Lambda.Domain.Log.Position>> held;
        using (var other = new SqliteConnection($"Data Source={FilePath};Pooling=False"))
        {
            other.Open();
            using var transaction = other.BeginTransaction(deferred: false); // the writer thread waits for it
            held = log.AppendAsync(Noise(1, 1), None).AsTask();
            Assert.Throws<LogFullException>(() => { _ = log.AppendAsync(Noise(2, 3), None); });
            transaction.Rollback();
        }
        await held;
        Assert.Equal(1, log.EndOffset(0) + log.EndOffset(1));
        await log.AppendAsync(Noise(3, 3), None); // alone it may be larger than the bound
    }

    [Fact]
    public async Task Open_WhenPartitionsDiffer_SaysBoth()
    {
        await SqliteEventLog.Open(FilePath, 8, TimeProvider.System).DisposeAsync();
        var fault = Assert.Throws<StorageException>(() => SqliteEventLog.Open(FilePath, 4, TimeProvider.System));
        Assert.Contains("has 8 partitions, the configuration says 4", fault.Message);
        await SqliteEventLog.Open(FilePath, 8, TimeProvider.System).DisposeAsync();
    }

    [Fact]
    public void Open_WhenItIsNoDatabase_SaysSoAndLeavesIt()
    {
        File.WriteAllText(FilePath, "customers.csv, renamed by accident");
        Assert.Contains("is not a Lambda event log", Assert.Throws<StorageException>(() => SqliteEventLog.Open(FilePath, P, TimeProvider.System)).Message);
        Assert.Equal("customers.csv, renamed by accident", File.ReadAllText(FilePath));
    }

    [Fact]
    public void Open_WhenItIsAnotherDatabase_SaysSo()
    {
        Execute("CREATE TABLE t(x)");
        Assert.Contains("another SQLite database", Assert.Throws<StorageException>(() => SqliteEventLog.Open(FilePath, P, TimeProvider.System)).Message);
        Execute("INSERT INTO t VALUES (1)");
    }

    [Fact]
    public async Task Open_WhenFormatIsNewer_SaysSo()
    {
        await SqliteEventLog.Open(FilePath, P, TimeProvider.System).DisposeAsync();
        Execute("PRAGMA user_version=99");
        Assert.Contains("format 99", Assert.Throws<StorageException>(() => SqliteEventLog.Open(FilePath, P, TimeProvider.System)).Message);
    }

    [Fact]
    public async Task Dispose_WhenAppendsAreQueued_TheyAreWrittenAndWaitersEnd()
    {
        var log = SqliteEventLog.Open(FilePath, P, TimeProvider.System);
        var waiting = log.WaitAsync(0, 1_000_000, None);
        var appends = Enumerable.Range(0, 50).Select(i => log.AppendAsync(Noise(i, 10), None).AsTask()).ToList();
        await log.DisposeAsync();
        await Task.WhenAll(appends);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        Assert.Throws<ObjectDisposedException>(() => { _ = log.AppendAsync(Noise(1, 1), None); });
        await using var reopened = SqliteEventLog.Open(FilePath, P, TimeProvider.System);
        Assert.Equal(500, reopened.EndOffset(0) + reopened.EndOffset(1));
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static bool Mount(params string[] arguments)
    {
        try
        {
            using var mount = Process.Start(new ProcessStartInfo("mount", arguments) { RedirectStandardError = true })!;
            mount.WaitForExit();
            return mount.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Appends until it fails, then checks that the failure names the file and took nothing half.</summary>
    private static async Task FillAsync(SqliteEventLog log)
    {
        for (var i = 0; ; i++)
        {
            Assert.True(i < 1_000, "the disk was never full");
            var before = (log.EndOffset(0), log.EndOffset(1));
            try
            {
                await log.AppendAsync(Noise(i, 100), None);
            }
            catch (LogWriteException e)
            {
                Assert.True(i > 3, "failed at once");
                Assert.Contains("events.db", e.Message);
                Assert.Contains("full", e.Message);
                Assert.Equal(before, (log.EndOffset(0), log.EndOffset(1)));
                return;
            }
        }
    }

    /// <summary>Every record from the start on is whole: its text says its own length.</summary>
    private static Task AssertIntactAsync(SqliteEventLog log)
    {
        for (var p = 0; p < P; p++)
            for (var next = log.StartOffset(p); next < log.EndOffset(p);)
                foreach (var frame in log.Read(p, next, 1 << 20))
                    foreach (var (offset, record) in frame)
                    {
                        Assert.Equal(next++, offset);
                        Assert.Equal(record.Length, int.Parse(Encoding.UTF8.GetString(record.Span[..8])));
                    }
        return Task.CompletedTask;
    }

    /// <summary>Records that do not compress, some 600 bytes each.</summary>
    private static AppendBatch Noise(int seed, int records)
    {
        var random = new Random(seed);
        var batch = new AppendBatch(P);
        for (var i = 0; i < records; i++)
        {
            var record = new byte[random.Next(500, 700)];
            random.NextBytes(record);
            Encoding.UTF8.GetBytes($"{record.Length:d8}").CopyTo(record, 0);
            batch.Add(i % P, record);
        }
        return batch;
    }
}
