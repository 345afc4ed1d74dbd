using System.Diagnostics;
using System.Text;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Sqlite;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Sqlite;

/// <summary>kill -9 of a real process while it writes: what it acknowledged is there, what it did not is there whole or not at all.</summary>
public sealed class KillTests : IDisposable
{
    private const int P = 4;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Log_WhenKilledWhileAppending_EveryAcknowledgedRecordIsThereOnce()
    {
        var acknowledged = new List<string>();
        for (var round = 0; round < 12; round++)
        {
            acknowledged.AddRange(RunUntilKilled(lines: 50 + round * 97, "log", _folder.File("events.db"), $"{round}"));
            await using var log = SqliteEventLog.Open(_folder.File("events.db"), P, TimeProvider.System);
            var records = AllRecords(log);
            Assert.Equal(records.Count, Enumerable.Range(0, P).Sum(log.EndOffset));
            foreach (var line in acknowledged)
            {
                var parts = line.Split(' ');
                foreach (var text in parts[1..])
                {
                    Assert.True(Position.TryParse(text, out var position));
                    // The positions name the last record of the batch in a partition: both records may lie in one.
                    Assert.Equal(parts[0], records[position].TrimEnd('.'));
                }
            }
            Assert.All(records.Values.GroupBy(r => r.TrimEnd('.')), batch => Assert.Equal(2, batch.Count()));
        }
    }

    [Fact]
    public async Task Checkpoint_WhenKilledWhileWriting_IsOneOfThoseWrittenAndNotOlderThanAcknowledged()
    {
        long next = 1;
        for (var round = 0; round < 4; round++)
        {
            var last = RunUntilKilled(lines: 3 + round * 5, "checkpoint", _folder.Path, $"{next}").Select(long.Parse).Last();
            await using var store = new SqliteCheckpointStore(_folder.Path);
            var applied = store.Load(0)!.Applied;
            Assert.InRange(applied, last, last + 1);
            var states = store.Scan(0).Select(e => Encoding.UTF8.GetString(e.State.Span).TrimEnd('.')).ToList();
            Assert.Equal(500, states.Count);
            Assert.All(states, s => Assert.Equal($"{applied}", s));
            next = applied + 1;
        }
    }

    [Fact]
    public async Task Open_WhenAnotherProcessHasTheLog_IsRefused()
    {
        await using var log = SqliteEventLog.Open(_folder.File("events.db"), P, TimeProvider.System);
        using var child = Start("log", _folder.File("events.db"), "0");
        var error = await child.StandardError.ReadToEndAsync();
        await child.WaitForExitAsync();
        Assert.Equal(3, child.ExitCode);
        Assert.Contains("in use by another process", error);
    }

    /// <summary>The lines that the child said until it was killed after so many; what was in the pipe counts.</summary>
    private static List<string> RunUntilKilled(int lines, params string[] arguments)
    {
        using var child = Start(arguments);
        var said = new List<string>();
        while (said.Count < lines && child.StandardOutput.ReadLine() is { } line) said.Add(line);
        child.Kill();
        var rest = child.StandardOutput.ReadToEnd();
        said.AddRange(rest.Split('\n', StringSplitOptions.RemoveEmptyEntries).SkipLast(rest.EndsWith('\n') ? 0 : 1));
        child.WaitForExit();
        Assert.True(said.Count >= lines, $"the child ended by itself: {child.StandardError.ReadToEnd()}");
        return said;
    }

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet",
        [Path.Combine(AppContext.BaseDirectory, "Lambda.CrashWriter.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static Dictionary<Position, string> AllRecords(SqliteEventLog log)
    {
        var records = new Dictionary<Position, string>();
        for (var p = 0; p < P; p++)
            for (long next = 0; next < log.EndOffset(p);)
                foreach (var frame in log.Read(p, next, 1 << 16))
                {
                    foreach (var (offset, record) in frame) records.Add(new Position(p, offset), Encoding.UTF8.GetString(record.Span));
                    next = frame.EndOffset;
                }
        return records;
    }
}
