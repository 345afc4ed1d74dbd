using System.Text;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;
using Lambda.SpeedLayer.Sqlite.Log;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Sqlite;

/// <summary>Readers at random places while writers append and a truncation follows: right records, or the error that says they are gone.</summary>
public sealed class LogConcurrencyTests : IDisposable
{
    private const int P = 3;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Read_WhileWritersAndTruncationRun_GivesTheRecordsAsked()
    {
        var limits = new LogLimits { RecentBytesMax = 20_000, WalPagesMax = 16, TruncateBytesPerSlice = 10_000 };
        await using var log = SqliteEventLog.Open(_folder.File("events.db"), P, TimeProvider.System, limits);
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 3).Select(seed => Task.Run(() => ReadAtRandom(log, new Random(seed), stop.Token))).ToArray();
        var truncation = Task.Run(() => TruncateBehindAsync(log, stop.Token));
        // A record says its offset: one writer per partition knows it.
        await Task.WhenAll(Enumerable.Range(0, P).Select(partition => Task.Run(async () =>
        {
            for (long next = 0; next < 3_000;)
            {
                var batch = new AppendBatch(P);
                for (var i = 0; i < 1 + next % 7; i++) batch.Add(partition, Record(partition, next + i));
                next += batch.Count;
                await log.AppendAsync(batch, CancellationToken.None);
            }
        })));
        await stop.CancelAsync();
        await truncation;
        var reads = await Task.WhenAll(readers);
        Assert.All(reads, r => Assert.True(r.Right > 100, $"{r} reads"));
        Assert.Contains(reads, r => r.Gone > 0);
    }

    private static (int Right, int Gone) ReadAtRandom(SqliteEventLog log, Random random, CancellationToken stop)
    {
        var (right, gone) = (0, 0);
        while (!stop.IsCancellationRequested)
        {
            var partition = random.Next(P);
            var (start, end) = (log.StartOffset(partition), log.EndOffset(partition));
            var from = Math.Min(end, random.NextInt64(Math.Max(0, start - 50), end + 1));
            try
            {
                var frames = log.Read(partition, from, random.Next(1, 5_000));
                if (from < end) Assert.InRange(from, frames[0].FirstOffset, frames[0].EndOffset - 1);
                foreach (var frame in frames)
                    foreach (var (offset, record) in frame) Assert.Equal(Record(partition, offset), record.ToArray());
                right++;
            }
            catch (LogTruncatedException)
            {
                Assert.True(from < log.StartOffset(partition));
                gone++;
            }
        }
        return (right, gone);
    }

    private static async Task TruncateBehindAsync(SqliteEventLog log, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
            for (var p = 0; p < P; p++)
                await log.TruncateAsync(p, Math.Max(log.StartOffset(p), log.EndOffset(p) - 300), CancellationToken.None);
    }

    private static byte[] Record(int partition, long offset) => Encoding.UTF8.GetBytes($"{partition}:{offset} {new string('.', (int)(offset % 300))}");
}
