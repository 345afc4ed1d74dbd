#if CLUSTER_RUNTIME
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Domain.Events;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Yaml;
using Xunit;

namespace Lambda.ClusterTests.Actors;

/// <summary>A partition of actors says and stores what the embedded partition says and stores on the same log.</summary>
public sealed class PartitionActorTests
{
    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public async Task Partition_WhenItReadsTheSameLog_AnswersAndStoresTheSame(ulong seed)
    {
        await using var twin = new Twin(seed);
        for (var round = 0; round < 5; round++)
        {
            await twin.AppendAsync(200);
            await twin.CatchUpAsync();
            await twin.AssertSameAnswersAsync();
            await twin.CheckpointAsync();
            twin.AssertSameCheckpoints();
        }
        Assert.Empty(twin.Errors);
    }

    [Fact]
    public async Task Partition_WhenBarriersAndAdoptionsPass_StaysEqual()
    {
        await using var twin = new Twin(4);
        await twin.AppendAsync(150);
        await twin.BarrierAsync(1, twin.Definitions[0]);
        await twin.AppendAsync(50);
        await twin.CatchUpAsync();
        await twin.CheckpointAsync();
        twin.AssertSameCheckpoints();

        await twin.UntilSunkAsync();
        await twin.PublishAsync(1, twin.Definitions[0]);
        await twin.AssertSameAnswersAsync();
        await twin.BarrierAsync(2, twin.Definitions[1]); // another definition: folded besides, adopted with its base
        await twin.AppendAsync(150);
        await twin.BarrierAsync(2, twin.Definitions[1]); // counts no more
        await twin.CatchUpAsync();
        await twin.AssertSameAnswersAsync();
        await twin.CheckpointAsync();
        twin.AssertSameCheckpoints();
        Assert.Empty(twin.Errors);
    }

    [Fact]
    public async Task Partition_WhenItIsKilledAndStartsAgain_ReplaysToTheSame()
    {
        await using var twin = new Twin(5);
        await twin.AppendAsync(300);
        await twin.CatchUpAsync();
        await twin.CheckpointAsync();
        await twin.AppendAsync(170);
        await twin.CatchUpAsync();

        await twin.Actors.KillAsync();
        twin.Actors.Start();
        twin.RestartPlain();
        await twin.CatchUpAsync();
        await twin.AssertSameAnswersAsync();
        await twin.CheckpointAsync();
        twin.AssertSameCheckpoints();
    }

    [Fact]
    public async Task Checkpoint_WhenEventsComeWhileItsStatesAreTaken_IsOfOneMoment()
    {
        await using var twin = new Twin(10, new PartitionLimits { SliceRecords = 3, RecordsInFlight = 3, SnapshotsAtATime = 1 }, checkpointRecords: 100);
        await twin.AppendAsync(1_000);
        await twin.CatchUpAsync();
        await twin.Actors.KillAsync();
        Assert.True(twin.ActorStore.Load(0)!.Applied >= 100);

        twin.Actors.Start();
        await twin.CatchUpAsync();
        await twin.AssertSameAnswersAsync();
        Assert.Equal(twin.Plain.Counters, (await twin.Actors.ReportAsync()).Counters); // what is in a state too early counts as a repeat now
    }

    [Fact]
    public async Task Partition_WhenItIsHandedOff_LeavesNothingToReplay()
    {
        await using var twin = new Twin(6);
        await twin.AppendAsync(300);
        await twin.CatchUpAsync();
        await twin.Actors.HandOffAsync();
        Assert.Equal(300, twin.ActorStore.Load(0)!.Applied);
        twin.Actors.Start();
        await twin.CatchUpAsync();
        await twin.AssertSameAnswersAsync();
    }

    /// <summary>Owners die at any moment, between rows and journal too; a new definition takes over in between.</summary>
    [Fact]
    public async Task Segments_WhenOwnersDieAgainAndAgain_AreThoseOfTheAnswers()
    {
        await using var twin = new Twin(3, new PartitionLimits { SliceRecords = 16, PopulationRows = 3, PopulationEvery = TimeSpan.FromMilliseconds(2), Tick = TimeSpan.FromMilliseconds(2) });
        for (var round = 0; round < 6; round++)
        {
            await twin.AppendAsync(60);
            await twin.CatchUpAsync(); // it owns the partition: these leases know no waiting
            await twin.AppendAsync(60);
            await twin.Actors.KillAsync();
            twin.Actors.Start();
        }
        await twin.CatchUpAsync();
        await twin.AssertSameSegmentsAsync();

        await twin.BarrierAsync(1, twin.Definitions[1]);
        await twin.AppendAsync(40);
        await twin.CatchUpAsync();
        await twin.UntilSunkAsync();
        await twin.PublishAsync(1, twin.Definitions[1]);
        await twin.Actors.UntilAsync(r => r.PopulationSwept.StartsWith("e1 ", StringComparison.Ordinal));
        await twin.AssertSameSegmentsAsync();
        Assert.Equal(twin.Segments.After(0, int.MaxValue).Count, twin.Segments.After(0, int.MaxValue).Select(c => c.Change.Id).Distinct().Count());
    }

    /// <summary>Nothing happens to anybody: a model that is fitted anew alone has all rows written again, also by the next owner, which hears of it late.</summary>
    [Fact]
    public async Task Estimates_WhenAModelIsFittedAnew_AreThoseOfItInEveryRow()
    {
        var definition = DefinitionLoader.Load("estimates.yaml", """
            view: estimates
            metrics:
              bought: { of: transaction, distinct: occurred_day }
              first_at: { of: transaction, min: occurred_at }
              last_at: { of: transaction, max: occurred_at }
            lifetime: { purchases: bought, first: first_at, last: last_at, estimates: [p_alive] }
            """);
        await using var twin = new Twin(8, new PartitionLimits { SliceRecords = 16, PopulationEvery = TimeSpan.FromMilliseconds(2), Tick = TimeSpan.FromMilliseconds(2) }, definitions: [definition]);
        await twin.AppendAsync(200);
        await twin.CatchUpAsync();
        await twin.Actors.UntilAsync(r => r.PopulationSwept.Length > 0 && !r.PopulationSwept.Contains('m', StringComparison.Ordinal));
        Assert.All(twin.Warehouse.Population(definition.Hash), r => Assert.Empty(r.Estimates));

        await FitAsync(1);
        await FitAsync(2);
        await twin.Actors.KillAsync();
        twin.Model = twin.Model! with { Epoch = 1 }; // the next owner's node knows the older one
        twin.Actors.Start();
        await twin.CatchUpAsync();
        await FitAsync(3);

        async Task FitAsync(long epoch)
        {
            twin.Model = new LifetimeModel(epoch, new BgNbd(0.5, 30, 0.8, 2.5 + epoch), null, null, -1, 0, 100, 19_000);
            await twin.Actors.UntilAsync(r => r.PopulationSwept.EndsWith($" m{epoch}", StringComparison.Ordinal));
            var rows = twin.Warehouse.Population(definition.Hash);
            Assert.Contains(rows, r => r.Estimates.Length > 0);
            foreach (var row in rows) Assert.Equal(EstimateColumns.ValuesOf(row.Answer, twin.Model), row.Estimates);
        }
    }

    [Fact]
    public async Task Customers_WhenIdleAndClean_ArePassivatedAndComeBack()
    {
        await using var twin = new Twin(7, new PartitionLimits { SliceRecords = 16, Residents = 5 });
        for (var round = 0; round < 6; round++)
        {
            await twin.AppendAsync(60);
            await twin.CatchUpAsync();
            await twin.CheckpointAsync();
            await twin.Actors.UntilAsync(r => r.Entities <= 5);
            await twin.AssertSameAnswersAsync();
        }
        Assert.Equal(twin.Plain.Counters, (await twin.Actors.ReportAsync()).Counters);
        Assert.Empty(twin.Errors);
    }

    [Fact]
    public async Task Reads_WhenTheLeaseIsSilent_AreRefusedUntilItIsHeardOfAgain()
    {
        await using var twin = new Twin(8);
        await twin.AppendAsync(20);
        await twin.CatchUpAsync();
        twin.Leases.Held = false;
        Assert.Equal(PartOutcome.Unavailable, (await twin.Actors.ReadAsync(CustomerId.From("c1")))[0].Outcome);
        twin.Leases.Held = true;
        await twin.AssertSameAnswersAsync();
    }

    [Fact]
    public async Task Reads_WhenAPositionIsAskedFor_WaitForIt()
    {
        await using var twin = new Twin(9);
        await twin.AppendAsync(20);
        await twin.CatchUpAsync();
        var waiting = twin.Actors.AskAsync<ReadManyReply>(new ReadMany(0, [new ReadOne(CustomerId.From("c1"), 30, 20_000)]));
        var hopeless = await twin.Actors.AskAsync<ReadManyReply>(new ReadMany(0, [new ReadOne(CustomerId.From("c1"), 500, 1)]));
        Assert.Equal(PartOutcome.NotReached, hopeless.Parts[0].Outcome);
        Assert.False(waiting.IsCompleted);
        await twin.AppendAsync(20);
        Assert.True((await waiting).Parts[0].Applied > 30);
    }
}
#endif
