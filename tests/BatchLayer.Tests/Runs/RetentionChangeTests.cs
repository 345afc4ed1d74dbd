using System.Text;
using FsCheck.Xunit;
using Lambda.BatchLayer.Runs;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.Simulation;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;
using Xunit;

namespace Lambda.BatchLayer.Tests.Runs;

/// <summary>A definition with another tile_retention_days: a run compares the tiles that both bases hold, and finds no difference.</summary>
public sealed class RetentionChangeTests
{
    [Property(MaxTest = 60)]
    public void Run_WhenTheRetentionChanges_Publishes(int seed) => Publishes(new Random(seed)).GetAwaiter().GetResult();

    [Fact]
    public Task Run_WhenTheRetentionGrows_Publishes() => PublishesAsync((7, 60), [(20, 0), (1, 1)]);

    [Theory]
    [InlineData(5, 5, 0)]
    [InlineData(5, 6, 1)]
    public void Compare_WhenTheRetentionChanges_HoldsTheSumsOfAllTime(int served, int computed, int differing)
    {
        var (first, second) = (new CompiledView(Definition("first", 7)), new CompiledView(Definition("second", 60)));
        var comparer = new BaseComparer(new Epochs(1, 2, first, null), second, 20_000 - 60, new ViewCatalog(_ => null));
        var (_, differs) = comparer.Compare(Base(first, served), [], Base(second, computed), default);
        Assert.Equal(differing, differs.Count);

        static StoredEntity[] Base(CompiledView view, int amount)
        {
            var state = new State();
            view.Fold(state, new LoggedEvent(Purchase("c", "e", 19_980 * Clock.MsPerDay, amount), 1, 20_000 * Clock.MsPerDay).ToRow());
            return [new StoredEntity(CustomerId.From("c"), state.Encoded.ToArray())];
        }
    }

    private static async Task Publishes(Random random)
    {
        var runs = Enumerable.Range(0, 5).Select(_ => (DaysAgo: random.Next(80), Definition: random.Next(2))).ToArray();
        await PublishesAsync((random.Next(7, 60), random.Next(7, 60)), runs);
    }

    /// <summary>Each run after three purchases about so many days ago, under the definition of this index.</summary>
    private static async Task PublishesAsync((int First, int Second) retentionDays, (int DaysAgo, int Definition)[] runs)
    {
        ViewDefinition[] definitions = [Definition("first", retentionDays.First), Definition("second", retentionDays.Second)];
        var world = new World(new Chance(1), definitions, partitions: 2, 7 * Clock.MsPerDay);
        foreach (var (daysAgo, definition) in runs)
        {
            for (var n = 0; n < 3; n++) await AppendAsync(world, $"c{n % 2}", daysAgo + n);
            var run = await RunAsync(world, definitions[definition].Hash);
            Assert.True(run.Stage == RunStage.Published, string.Join("; ", run.Reasons));
            world.Time.Advance(daysAgo % 3 * Clock.MsPerDay + 1);
        }
    }


    private static ViewDefinition Definition(string name, int retentionDays) => DefinitionLoader.Load($"{name}.yaml", $$"""
        view: {{name}}
        tile_retention_days: {{retentionDays}}
        metrics:
          {{name}}_only: { of: login, count: true }
          spend: { of: transaction, sum: amount_minor, when: "currency = 'EUR'", windows: [7d] }
        """);

    private static int _ids;

    private static async Task AppendAsync(World world, string customer, int daysAgo)
    {
        var batch = new AppendBatch(world.Partitions);
        var record = Purchase(customer, $"e{++_ids}", world.Time.NowMs - daysAgo * Clock.MsPerDay, 5);
        batch.Add(Partitioner.PartitionOf(Encoding.UTF8.GetBytes(customer), world.Partitions), record);
        await world.Log.AppendAsync(batch, default);
    }

    private static byte[] Purchase(string customer, string id, long atMs, int amount)
    {
        var writer = new RecordWriter();
        writer.Begin(EventCatalog.Transaction, Encoding.UTF8.GetBytes(customer), Encoding.UTF8.GetBytes(id), atMs * Clock.MicrosPerMs);
        writer.SetNumber(EventCatalog.AmountMinor, amount).SetText(EventCatalog.Currency, "EUR"u8).SetText(EventCatalog.Direction, "debit"u8).SetText(EventCatalog.Status, "approved"u8);
        return writer.Finish().ToArray();
    }

    private static async Task<Run> RunAsync(World world, string definition)
    {
        await world.Runner.StartAsync($"run-{world.Runner.History.NextEpoch}", definition);
        while (world.Runner.History.Active is not null)
        {
            await world.Runner.StepAsync(default);
            for (var p = 0; p < world.Partitions; p++)
                while (world.Host(p).Step(int.MaxValue)) { }
            await world.Pump.StepAsync(flush: true, default);
        }
        for (var p = 0; p < world.Partitions; p++) world.Adopt(p);
        return world.Runner.History.Runs[^1];
    }
}
