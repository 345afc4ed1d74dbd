using System.Text.Json;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;
using Lambda.Domain.Log;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every journal of runs must do.</summary>
public abstract class RunJournalSuite : IDisposable
{
    private static readonly RunEvent[] Every =
    [
        new RunEvent.Started("r1", 1, 1, "d", [5, 6]),
        new RunEvent.BarriersAppended("r1", 2, [7, 8], [100, 101]),
        new RunEvent.Sunk("r1", 3, 12),
        new RunEvent.PartitionComputed("r1", 4, 1, 3),
        new RunEvent.BaseBuilt("r1", 5, 1, new Artefact("b1", "h1", 4)),
        new RunEvent.Checked("r1", 6, 7, 0, 0),
        new RunEvent.Published("r1", 7, new Publication(1, "r1", "d", new Cut([7, 8]), [100, 101], [new Artefact("b0", "h0", 3), new Artefact("b1", "h1", 4)], 9)),
        new RunEvent.Failed("r2", 8, ["a", "\u0000 é"]),
        new RunEvent.Abandoned("r3", 9, "why"),
    ];

    /// <summary>Opens the journal of this test: empty the first time, afterwards with what was appended. The suite disposes it when it can be.</summary>
    protected abstract IRunJournal Open();

    public virtual void Dispose() => GC.SuppressFinalize(this);

    [SkippableFact]
    public async Task Append_WhenReopened_EveryEventIsThereInOrder()
    {
        var journal = Open();
        Assert.Empty(journal.Load());
        foreach (var happened in Every) await journal.AppendAsync(happened);
        (journal as IDisposable)?.Dispose();
        journal = Open();
        Assert.Equal(Every.Select(Json), journal.Load().Select(Json));
        (journal as IDisposable)?.Dispose();
    }

    [SkippableFact]
    public async Task Append_WhenSeveralAtOnce_NoneIsLost()
    {
        var journal = Open();
        Assert.Empty(journal.Load());
        await Task.WhenAll(Enumerable.Range(0, 4).Select(p => Task.Run(async () =>
        {
            for (var n = 0; n < 10; n++) await journal.AppendAsync(new RunEvent.PartitionComputed("r1", n, p, n));
        })));
        (journal as IDisposable)?.Dispose();
        journal = Open();
        var events = journal.Load().Cast<RunEvent.PartitionComputed>().ToList();
        for (var p = 0; p < 4; p++) Assert.Equal(Enumerable.Range(0, 10).Select(n => (long)n), events.Where(e => e.Partition == p).Select(e => e.AtMs));
        Assert.Equal(40, events.Count);
        (journal as IDisposable)?.Dispose();
    }

    private static string Json(RunEvent happened) => JsonSerializer.Serialize(happened, RunJson.Default.RunEvent);
}
