using System.Text;
using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Privacy;
using Lambda.BatchLayer.Runs;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Xunit;

namespace Lambda.BatchLayer.Tests.Privacy;

/// <summary>Removal is taken up again wherever it was cut short, and waits for what it must not overtake.</summary>
public sealed class ErasureRunnerTests
{
    private static readonly Guid Request = new(1, 2, 3, new byte[8]);

    private readonly ManualTime _time = new();
    private readonly MemoryRunJournal _facts = new();
    private readonly MemoryLog _log;
    private readonly MemoryCheckpointStore _checkpoints = new();
    private readonly MemorySinkProgressStore _sink = new();
    private readonly List<string> _cleaned = [];
    private int _crashAt = int.MaxValue, _points;
    private long _cut;

    public ErasureRunnerTests() => _log = new MemoryLog(1, _time);

    [Fact]
    public async Task Step_WhenItCrashesAtAnyPoint_EveryStoreIsCleanedInOrderInTheEnd()
    {
        for (var at = 0; at < 40; at++)
        {
            var test = new ErasureRunnerTests { _crashAt = at };
            await test.AskAsync(append: true);
            test.Publish(10);
            for (var i = 0; i < 10 && test.Erasure.IsOpen; i++)
                try { await test.Runner().StepAsync(default); }
                catch (InvalidOperationException e) when (e.Message == "crash") { }
            Assert.Equal(ErasureState.Removed, test.Erasure.State);
            Assert.Equal(["quarantine", "warehouse", "log"], test.Erasure.Steps.Select(s => s.Store));
            Assert.Equal(["quarantine", "warehouse", "log"], test._cleaned.Distinct());
            Assert.Equal(RecordKind.Void, test.KindAt(0));
        }
    }

    [Fact]
    public async Task Step_BeforeTheRunIsPublished_CleansOnlyWhatNeedsNoBase()
    {
        await AskAsync(append: true);
        await Runner().StepAsync(default);
        Assert.Equal(["quarantine"], _cleaned);
        Assert.Contains("batch run", Erasure.Waits!, StringComparison.Ordinal);
        Assert.Equal(0, ErasureRunner.KeepFrom([Erasure], 0, 2)); // the log may not forget whose data it was
        Publish(10);
        await Runner().StepAsync(default);
        Assert.Equal(ErasureState.Removed, Erasure.State);
        Assert.Equal(long.MaxValue, ErasureRunner.KeepFrom([Erasure], 0, 2));
        await Runner().StepAsync(default); // nothing more to do
        Assert.Equal(3, _cleaned.Count);
    }

    [Fact]
    public async Task Step_WhenTheAppendWasLost_SaysSoAfterAWhile()
    {
        await AskAsync(append: false);
        await Runner().StepAsync(default);
        Assert.Equal(ErasureState.Requested, Erasure.State);
        _time.Advance(TimeSpan.FromSeconds(61));
        await Runner().StepAsync(default);
        Assert.Equal(ErasureState.Lost, Erasure.State);
        Assert.Empty(_cleaned);
    }

    [Fact]
    public async Task Log_WhereNobodyCanRewriteIt_WaitsForRetentionAndSaysUntilWhen()
    {
        await AskAsync(append: true);
        Publish(10);
        var removal = await new LogRetention(_log, 7 * Clock.MsPerDay).RemoveAsync(new ErasureTarget(null, 0, 0, 1_000, Served(), 10, 0), default);
        Assert.Equal((8 * Clock.MsPerDay) + 1_000, removal.DueAtMs);
        Assert.NotNull(removal.Waits);
        await _log.TruncateAsync(0, 1, default);
        Assert.Null((await new LogRetention(_log, 1).RemoveAsync(new ErasureTarget(null, 0, 0, 1_000, Served(), 10, 0), default)).Waits);
    }

    [Theory]
    [InlineData("""{"customer_id":"c1","x":1}""", true)]
    [InlineData("""{"customer_id":"c12"}""", false)]
    [InlineData("""{"customer_id":"c2","note":"of c1"}""", false)] // another person's line
    [InlineData("""{"customer_id":"c1","broken":""", true)]
    [InlineData("c11;c12;c1;x", true)]
    [InlineData("c11-c1x_c1", false)]
    public void Quarantine_LinesOfThePerson_AreFoundByIdAsAWord(string raw, bool isOf) =>
        Assert.Equal(isOf, QuarantineErasure.IsOf(CustomerId.From("c1"), new QuarantineEntry(1, 1, "http", 1, "", "r", "", Encoding.UTF8.GetBytes(raw))));

    [Fact]
    public void Ledger_WhenTwoAddAtOnce_KeepsBoth()
    {
        var ledger = new ErasureLedger(_facts);
        Parallel.For(0, 50, i => ledger.Add(new Erasure(new Guid(i, 0, 0, new byte[8]), "c:x", 0, 0, i)));
        Assert.Equal(50, ledger.All().Select(e => e.Request).Distinct().Count());
    }

    [Fact]
    public async Task Journal_ReasonsThatNameThePerson_AreRewritten()
    {
        RunEvent changed = null!;
        var journal = new OneEntry(new RunEvent.Failed("r", 1, ["2 customers differ: c1, c12"]), e => changed = e);
        Assert.Equal(1, (await new JournalErasure(journal).RemoveAsync(new ErasureTarget(CustomerId.From("c1"), 0, 0, 0, Served(), 0, 0), default)).Removed);
        Assert.Equal(["2 customers differ: (erased), c12"], ((RunEvent.Failed)changed).Reasons);
    }

    private sealed class OneEntry(RunEvent entry, Action<RunEvent> set) : Lambda.BatchLayer.Ports.IRewritableJournal
    {
        public int Rewrite(Func<RunEvent, RunEvent> change)
        {
            var after = change(entry);
            if (ReferenceEquals(after, entry)) return 0;
            set(after);
            return 1;
        }
    }

    // --- helpers ------------------------------------------------------------------------------------------------------------

    private Erasure Erasure => new ErasureLedger(_facts).All().Single();

    private async Task AskAsync(bool append)
    {
        new ErasureLedger(_facts).Add(new Erasure(Request, "c:1", 0, 0, _time.GetUtcNow().ToUnixTimeMilliseconds()));
        if (!append) return;
        var (batch, record) = (new AppendBatch(1), new System.Buffers.ArrayBufferWriter<byte>());
        ErasureRecords.Write(new CustomerErasure(CustomerId.From("c1"), Request), record);
        batch.Add(0, record.WrittenSpan);
        await _log.AppendAsync(batch, default);
    }

    private void Publish(long cut)
    {
        _cut = cut;
        _checkpoints.Write(0, new Checkpoint(cut, 1, default), []);
        _sink.Save([(0, new SinkProgress(cut, 0, 0, 0))], []);
    }

    private Publication Served() => _cut == 0 ? Publication.Initial("d", 1, 0) : new Publication(1, "r", "d", new Cut([_cut]), [0], [], 0);

    private ErasureRunner Runner() => new(new ErasureLedger(_facts), new ErasureGround(_log, _checkpoints, _sink, Served, _ => long.MaxValue, () => true, _time),
        [new Crashing("quarantine", this, null)], [new Crashing("warehouse", this, null), new Crashing("log", this, new LogErasure(_log))]);

    private RecordKind KindAt(int index)
    {
        var records = new List<RecordKind>();
        foreach (var frame in _log.Read(0, 0, int.MaxValue))
            foreach (var (_, record) in frame) records.Add(RecordCodec.KindOf(record.Span));
        return records[index];
    }

    private void Point()
    {
        if (_points++ == _crashAt) throw new InvalidOperationException("crash");
    }

    /// <summary>Dies before or behind what it does; all but the log need to be told whose data it is.</summary>
    private sealed class Crashing(string store, ErasureRunnerTests test, IErasable? inner) : IErasable
    {
        public string Store => store;

        public async Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel)
        {
            test.Point();
            if (inner is null) Assert.Equal("c1", target.Person.ToString());
            var removal = inner is null ? new Removal(1) : await inner.RemoveAsync(target, cancel);
            test._cleaned.Add(store);
            test.Point();
            return removal;
        }
    }
}
