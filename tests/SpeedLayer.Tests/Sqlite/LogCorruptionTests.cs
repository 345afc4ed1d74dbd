using System.Text;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;
using Lambda.SpeedLayer.Sqlite.Log;
using Lambda.SpeedLayer.Sqlite.Raw;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Sqlite;

/// <summary>A damaged log is found: an error that names partition and offset, never other records than were appended.</summary>
public sealed class LogCorruptionTests : IDisposable
{
    private const int P = 2;
    private static readonly LogLimits FromFile = new() { RecentBytesMax = 0 };

    private readonly TempFolder _folder = new();

    private string FilePath => _folder.File("events.db");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("UPDATE frames SET count = count + 1 WHERE id = 10")]
    [InlineData("UPDATE frames SET appended_at_ms = appended_at_ms - 1 WHERE id = 10")]
    [InlineData("UPDATE frames SET encoding = 1 - encoding WHERE id = 10")]
    [InlineData("UPDATE frames SET encoding = 300 WHERE id = 10")]
    [InlineData("UPDATE frames SET raw_bytes = raw_bytes + 1 WHERE id = 10")]
    [InlineData("UPDATE frames SET raw_bytes = -1 WHERE id = 10")]
    [InlineData("UPDATE frames SET raw_bytes = 99999999999 WHERE id = 10")]
    [InlineData("UPDATE frames SET checksum = checksum + 1 WHERE id = 10")]
    [InlineData("UPDATE frames SET payload = x'00' WHERE id = 10")]
    [InlineData("UPDATE frames SET payload = x'' WHERE id = 10")]
    [InlineData("DELETE FROM frames WHERE id = 10")]
    public async Task Read_WhenARowWasChanged_NamesPartitionAndOffset(string damage)
    {
        await WriteAsync();
        Execute(damage);
        await using var log = SqliteEventLog.Open(FilePath, P, TimeProvider.System, FromFile);
        Assert.Single(log.Read(0, 5, 1)); // its neighbours stay readable
        Assert.Single(log.Read(0, 20, 1));
        foreach (var from in (long[])[0, 10, 12])
        {
            var fault = Assert.Throws<LogCorruptException>(() => log.Read(0, from, int.MaxValue));
            Assert.Matches("partition 0, offset 1[02]: corrupt log frame", fault.Message);
        }
    }

    [Theory]
    [InlineData("UPDATE frames SET count = count + 1 WHERE id = (SELECT max(id) FROM frames)")]
    [InlineData("UPDATE truncations SET start_offset = start_offset + 5")]
    [InlineData("UPDATE truncations SET partition = 1")]
    public async Task Open_WhenBoundsWereChanged_IsRefused(string damage)
    {
        await WriteAsync();
        await using (var log = SqliteEventLog.Open(FilePath, P, TimeProvider.System)) await log.TruncateAsync(0, 10, CancellationToken.None);
        Execute(damage);
        Assert.Contains("damaged", Assert.Throws<StorageException>(() => SqliteEventLog.Open(FilePath, P, TimeProvider.System)).Message);
    }

    [Fact]
    public async Task File_WhenAnyByteIsFlipped_IsFoundOrDoesNoHarm()
    {
        await WriteAsync();
        await DamagedFile.FlipBitsAsync<LogCorruptException>(FilePath, times: 400, seed: 11, ContentAsync);
    }

    [Fact]
    public async Task File_WhenCutShort_IsFound()
    {
        await WriteAsync();
        var good = File.ReadAllBytes(FilePath);
        File.WriteAllBytes(FilePath, good[..(good.Length / 2)]);
        await Assert.ThrowsAnyAsync<Exception>(ContentAsync);
    }

    /// <summary>20 frames of 5 records per partition; some compress, some do not, some are larger than a page.</summary>
    private async Task WriteAsync()
    {
        var random = new Random(1);
        await using var log = SqliteEventLog.Open(FilePath, P, new ManualTime(), FromFile);
        for (var i = 0; i < 20; i++)
        {
            var batch = new AppendBatch(P);
            for (var r = 0; r < 10; r++)
            {
                var record = Encoding.UTF8.GetBytes(new string('a', random.Next(i % 3 == 0 ? 8_000 : 200)));
                if (i % 2 == 0) random.NextBytes(record);
                batch.Add(r % P, record);
            }
            await log.AppendAsync(batch, CancellationToken.None);
        }
    }

    private async Task<string> ContentAsync()
    {
        await using var log = SqliteEventLog.Open(FilePath, P, TimeProvider.System, FromFile);
        var content = new StringBuilder();
        for (var p = 0; p < P; p++)
            for (var next = log.StartOffset(p); next < log.EndOffset(p);)
                foreach (var frame in log.Read(p, next, 1 << 20))
                {
                    content.Append($"{p}:{frame.FirstOffset}+{frame.Count}@{frame.AppendedAtMs} ");
                    foreach (var (_, record) in frame) content.Append(Convert.ToHexString(record.Span)).Append(' ');
                    next = frame.EndOffset;
                }
        return content.ToString();
    }

    private void Execute(string sql) => DamagedFile.Execute(FilePath, sql);
}
