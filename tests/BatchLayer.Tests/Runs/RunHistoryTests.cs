using Lambda.BatchLayer.Runs;
using Lambda.BatchLayer.Sqlite;
using Lambda.Domain.Log;
using Xunit;

namespace Lambda.BatchLayer.Tests.Runs;

public sealed class RunHistoryTests
{
    private static readonly Publication Initial = Publication.Initial("first", 2, 0);

    public static readonly RunEvent[] WholeRun =
    [
        new RunEvent.Started("r1", 1, 1, "d", [5, 6]),
        new RunEvent.BarriersAppended("r1", 2, [7, 8], [100, 101]),
        new RunEvent.Sunk("r1", 3, 15),
        new RunEvent.PartitionComputed("r1", 4, 0, 3),
        new RunEvent.BaseBuilt("r1", 5, 0, new Artefact("b0", "h0", 3)),
        new RunEvent.PartitionComputed("r1", 6, 1, 4),
        new RunEvent.BaseBuilt("r1", 7, 1, new Artefact("b1", "h1", 4)),
        new RunEvent.Checked("r1", 8, 7, 0, 0),
        new RunEvent.Published("r1", 9, new Publication(1, "r1", "d", new Cut([7, 8]), [100, 101], [new Artefact("b0", "h0", 3), new Artefact("b1", "h1", 4)], 9)),
    ];

    [Fact]
    public void Next_AfterEachEvent_IsTheStepThatMakesTheNextEvent()
    {
        var steps = new List<string>();
        var history = new RunHistory(Initial, []);
        foreach (var happened in WholeRun)
        {
            history.Apply(happened);
            steps.Add(history.Runs[0].Next() switch
            {
                RunStep.Compute c => $"Compute {string.Join(',', c.Partitions)}",
                RunStep.BuildBases b => $"BuildBases {string.Join(',', b.Partitions)}",
                var step => step.GetType().Name,
            });
        }
        Assert.Equal(
            ["AppendBarriers", "AwaitSink", "Compute 0,1", "BuildBases 0", "Compute 1", "BuildBases 1", "Check", "Publish", "Nothing"], steps);
    }

    [Fact]
    public void Served_AfterAFailedRun_StaysTheOldPublication()
    {
        var history = new RunHistory(Initial, [.. WholeRun, new RunEvent.Started("r2", 10, 2, "d", [9, 9]),
            new RunEvent.BarriersAppended("r2", 11, [9, 9], [110, 110]), new RunEvent.Failed("r2", 12, ["totals differ"])]);
        Assert.Equal(1, history.Served.Epoch);
        Assert.Null(history.Active);
        Assert.Equal(3, history.NextEpoch);
    }

    [Fact]
    public void Apply_StartWhileAnotherIsActive_IsRefused()
    {
        var history = new RunHistory(Initial, [WholeRun[0]]);
        Assert.Throws<InvalidOperationException>(() => history.Apply(new RunEvent.Started("r2", 2, 2, "d", [5, 6])));
    }

    // The names in the journal are a storage format: an old journal must be readable for ever.
    [Fact]
    public void Journal_Published_IsWrittenByTheseNames() => Assert.Equal(
        """{"event":"published","publication":{"epoch":1,"run":"r1","definition_hash":"d","cut":[7,8],"cut_appended_at_ms":[100,101],"artefacts":[{"name":"b0","hash":"h0","rows":3},{"name":"b1","hash":"h1","rows":4}],"at_ms":9},"run":"r1","at_ms":9}""",
        Json(WholeRun[^1]));

    [Fact]
    public void Open_FileThatIsNoDatabase_SaysWhatToDo()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, new string('x', 5000));
        var refused = Assert.Throws<InvalidDataException>(() => new SqliteRunJournal(file));
        Assert.Contains("Restore it from a copy", refused.Message);
        File.Delete(file);
    }

    private static string Json(RunEvent happened) => System.Text.Json.JsonSerializer.Serialize(happened, RunJson.Default.RunEvent);
}
