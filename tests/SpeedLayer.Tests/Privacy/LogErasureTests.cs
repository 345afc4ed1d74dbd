using System.Buffers;
using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Privacy;

/// <summary>Records taken out of a log in place.</summary>
public sealed class LogErasureTests : IDisposable
{
    private const string Victim = "victim-4711", Other = "other-0815";
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("memory")]
    [InlineData("sqlite")]
    public async Task Erase_WhenDone_OnlyItsRecordsAreVoidAndEveryOffsetStays(string kind)
    {
        var log = Open(kind);
        for (var i = 0; i < 300; i++) await log.AppendAsync(Batch(Event(Other, i), Event(Victim, i)), None);
        await log.AppendAsync(Batch(Erasure(Victim), Event(Other, 300)), None);                              // 600
        await log.AppendAsync(Batch(Erasure(Victim), Event(Victim, 301)), None);                             // 602: another erasure, and somebody new
        var appended = Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++) await log.AppendAsync(Batch(Event(Other, 400 + i)), None);
        });
        Assert.Equal(301, await ((IErasableLog)log).EraseAsync(0, CustomerId.From(Victim), 600, None));
        await appended;
        Assert.Equal(0, await ((IErasableLog)log).EraseAsync(0, CustomerId.From(Victim), 600, None));        // again
        Assert.Equal(0, await ((IErasableLog)log).EraseAsync(0, null, 600, None));                            // who it was is forgotten
        if (kind == "sqlite")
        {
            await log.DisposeAsync();
            log = Open(kind);
        }
        Assert.Equal(654, log.EndOffset(0));
        var kinds = Records(log);
        Assert.Equal([.. Enumerable.Range(0, 300).SelectMany(_ => new[] { Other, "" }), "", Other, "erase " + Victim, Victim, .. Enumerable.Repeat(Other, 50)], kinds);
        await log.DisposeAsync();
    }

    [Fact]
    public async Task Erase_WhenDone_NoFileHoldsTheId()
    {
        var log = Open("sqlite");
        for (var i = 0; i < 400; i++) await log.AppendAsync(Batch([.. Enumerable.Range(0, 1 + i % 7).Select(n => Event(Other, 1000 * i + n)), Event(Victim, i)]), None);
        await log.AppendAsync(Batch(Erasure(Victim)), None);
        await log.TruncateAsync(0, 200, None); // free pages hold what retention deleted
        Assert.NotEmpty(Holding());
        await ((IErasableLog)log).EraseAsync(0, CustomerId.From(Victim), log.EndOffset(0) - 1, None);
        Assert.Empty(Holding());
        await log.DisposeAsync();
    }

    [Fact]
    public async Task Erase_WhenCancelled_IsTakenUpAgain()
    {
        var log = (SqliteEventLog)Open("sqlite");
        await log.AppendAsync(Batch(Event(Victim, 1), Erasure(Victim)), None);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => log.EraseAsync(0, CustomerId.From(Victim), 1, new CancellationToken(true)));
        Assert.Equal(2, await log.EraseAsync(0, CustomerId.From(Victim), 1, None));
        await log.DisposeAsync();
    }

    private IEventLog Open(string kind) => kind == "memory" ? new MemoryLog(1, TimeProvider.System) : SqliteEventLog.Open(_folder.File("log.db"), 1, TimeProvider.System);

    private IEnumerable<string> Holding() => Directory.EnumerateFiles(_folder.Path).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)).Where(f =>
    {
        using var stream = new FileStream(f, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(Victim)) >= 0;
    });

    /// <summary>By record: whose event it is, `erase` and who, or nothing.</summary>
    private static List<string> Records(IEventLog log)
    {
        var all = new List<string>();
        foreach (var frame in log.Read(0, 0, int.MaxValue))
            foreach (var (_, record) in frame)
                all.Add(RecordCodec.KindOf(record.Span) switch
                {
                    RecordKind.Event => Encoding.UTF8.GetString(RecordCodec.CustomerIdOf(record.Span)),
                    RecordKind.Erasure => "erase " + ErasureRecords.Read(record.Span).Customer,
                    _ => "",
                });
        return all;
    }

    private static AppendBatch Batch(params byte[][] records)
    {
        var batch = new AppendBatch(1);
        foreach (var record in records) batch.Add(0, record);
        return batch;
    }

    private static byte[] Event(string customer, int number) =>
        new RecordWriter().Begin(EventCatalog.Login, Encoding.UTF8.GetBytes(customer), Encoding.UTF8.GetBytes($"e{number}"), number).Finish().ToArray();

    private static byte[] Erasure(string customer)
    {
        var to = new ArrayBufferWriter<byte>();
        ErasureRecords.Write(new CustomerErasure(CustomerId.From(customer), Guid.NewGuid()), to);
        return to.WrittenSpan.ToArray();
    }
}
