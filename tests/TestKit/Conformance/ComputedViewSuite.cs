using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Simulation;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit.Views;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every warehouse must do with views: the recompute equals the fold over the distinct events, state for state.</summary>
public abstract class ComputedViewSuite : WarehouseSuite
{
    private const int NoPruning = int.MinValue;

    private static readonly CompiledView Spend = new(TestDefinition.Of([
        TestDefinition.Metric("purchases", [EventCatalog.Transaction], Aggregate.Count, windows: [1, 30]),
        TestDefinition.Metric("spend", [EventCatalog.Transaction], Aggregate.Sum, new FieldRef.Catalogued(EventCatalog.BillingAmountMinor), windows: [7]),
        TestDefinition.Metric("merchants", [EventCatalog.Transaction], Aggregate.Distinct, new FieldRef.Catalogued(EventCatalog.MerchantId)),
        TestDefinition.Metric("by_category", [EventCatalog.Transaction], Aggregate.Count, by: EventCatalog.Category),
        TestDefinition.Metric("last_merchant", [EventCatalog.Transaction], Aggregate.Latest, new FieldRef.Catalogued(EventCatalog.MerchantId)),
    ]));

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Compute_WhenDefinitionAndEventsAreRandom_EqualsTheFold(int seed)
    {
        var random = new Random(seed);
        var view = new CompiledView(RandomViews.Definition(random, 12));
        string[] customers = ["a", "ab", "b'\\\n", new string('ü', 64), "日本"];
        var events = customers.SelectMany(c => RandomViews.Events(random, 60, c).Select(e => (Customer: c, Event: e))).ToList();
        var log = Renumber(events).ToList();
        await InsertAsync(2, log.Select(l => l.Event));
        await InsertAsync(2, log.Where(_ => random.Next(3) == 0).Select(l => l.Event)); // the sink repeats itself
        await InsertAsync(1, log.Take(3).Select(l => l.Event));                         // another partition's
        foreach (var cut in new[] { log.Count, log.Count / 2, 1 })
        {
            var lastPruned = random.Next(RandomViews.Today - 500, RandomViews.Today + 3);
            var customersThere = await Warehouse.ComputeAsync(view, 7, 2, cut, lastPruned, None);
            var computed = await ReadAsync(view, 7, 2);
            Assert.Equal(customersThere, computed.Count);
            var expected = log.Where(l => l.Event.Offset < cut).GroupBy(l => l.Customer)
                .ToDictionary(g => g.Key, g => view.Prune(Fold(view, g.Select(l => l.Event)), lastPruned));
            AssertSame(expected, computed);
        }
    }

    [SkippableTheory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task RecomputeCustomer_WhenAsked_HasEveryTileOfItsDistinctEvents(int seed)
    {
        var random = new Random(seed);
        var view = new CompiledView(RandomViews.Definition(random, 12));
        var log = Renumber(new[] { "x", "y" }.SelectMany(c => RandomViews.Events(random, 60, c).Select(e => (c, e)))).ToList();
        await InsertAsync(0, log.Select(l => l.Event));
        foreach (var below in new long[] { long.MaxValue, 80, 1 })
        {
            var own = log.Where(l => l.Customer == "y" && l.Event.Offset < below).Select(l => l.Event).ToList();
            var state = await Warehouse.RecomputeCustomerAsync(view, 0, CustomerId.From("y"), below, None);
            AssertSame(own.Count == 0 ? [] : new() { ["y"] = Fold(view, own) }, state is null ? [] : new() { ["y"] = state });
        }
        Assert.Null(await Warehouse.RecomputeCustomerAsync(view, 0, CustomerId.From("nobody"), long.MaxValue, None));
    }

    [SkippableTheory]
    [InlineData(8)]
    [InlineData(9)]
    public async Task Compute_WhenCustomersWereErased_HoldsWhatLiesBehindTheNewestErasureBelowTheCut(int seed)
    {
        var random = new Random(seed);
        var view = new CompiledView(RandomViews.Definition(random, 8));
        var log = Renumber(new[] { "a", "b", "c", "never" }.SelectMany(c => RandomViews.Events(random, 40, c).Select(e => (c, e)))).ToList();
        var erased = new Dictionary<string, List<long>> { ["a"] = [55], ["b"] = [20, 90], ["c"] = [log.Count], ["unknown"] = [70] };
        await InsertAsync(2, log.Select(l => l.Event));
        await InsertAsync([.. erased.SelectMany(e => e.Value.Select(at => Frame(2, at).Erasure(e.Key)))]); // where events stand, too: positions are not compared
        await InsertAsync(Frame(1, 60).Erasure("never"));                                                  // another partition's
        foreach (var cut in new long[] { log.Count + 1, 60, 10 })
        {
            await Warehouse.ComputeAsync(view, 7, 2, cut, NoPruning, None);
            var expected = new Dictionary<string, State>();
            foreach (var of in log.Where(l => l.Event.Offset < cut).GroupBy(l => l.Customer))
            {
                List<LoggedEvent> left = [.. NaiveOracle.Remaining(of.Select(l => l.Event), [.. erased.GetValueOrDefault(of.Key, []).Where(at => at < cut).Select(at => at - 1)])];
                if (left.Count > 0) expected[of.Key] = Fold(view, left);
                var alone = await Warehouse.RecomputeCustomerAsync(view, 2, CustomerId.From(of.Key), cut, None);
                Assert.Equal(left.Count > 0 ? expected[of.Key] : null, alone);
            }
            AssertSame(expected, await ReadAsync(view, 7, 2));
        }
    }

    [SkippableFact]
    public async Task Compute_WhenRepeatedAtAnotherCut_ReplacesWhatWasThere()
    {
        await InsertAsync(Frame(0, 0).Purchase("a", "1", T0, 1).Purchase("b", "2", T0, 2));
        Assert.Equal(2, await Warehouse.ComputeAsync(Spend, 1, 0, 2, NoPruning, None));
        Assert.Equal(2, await Warehouse.ComputeAsync(Spend, 1, 0, 2, NoPruning, None));
        Assert.Equal(1, await Warehouse.ComputeAsync(Spend, 1, 0, 1, NoPruning, None));
        Assert.Equal(["a"], (await ReadAsync(Spend, 1, 0)).Keys);
        Assert.Equal(0, await Warehouse.ComputeAsync(Spend, 1, 0, 0, NoPruning, None));
        Assert.Empty(await ReadAsync(Spend, 1, 0));
    }

    [SkippableFact]
    public async Task Compute_WhenCancelledAndRepeated_GivesTheSame()
    {
        var frame = Frame(0, 0);
        for (var i = 0; i < 5000; i++) frame.Purchase($"c{i % 500}", $"e{i}", T0 + i, i);
        await InsertAsync(frame);
        for (var tries = 0; tries < 5; tries++)
        {
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(5 * tries));
            try
            {
                await Warehouse.ComputeAsync(Spend, 1, 0, 5000, NoPruning, cancel.Token);
            }
            catch (OperationCanceledException)
            {
                // the run was stopped; its next try finds whatever is left
            }
        }
        Assert.Equal(500, await Warehouse.ComputeAsync(Spend, 1, 0, 5000, NoPruning, None));
        Assert.Equal(500, (await ReadAsync(Spend, 1, 0)).Count);
    }

    [SkippableFact]
    public async Task DropComputed_WhenEpochsAreKept_ForgetsTheOthersOnly()
    {
        await InsertAsync(Frame(0, 0).Purchase("a", "1", T0, 1), Frame(1, 0).Purchase("b", "1", T0, 1));
        foreach (var epoch in new[] { 1, 2, 12 })
            for (var p = 0; p < 2; p++) await Warehouse.ComputeAsync(Spend, epoch, p, 1, NoPruning, None);
        await Warehouse.DropComputedAsync([2], None);
        await Warehouse.DropComputedAsync([2], None);
        Assert.Equal(["b"], (await ReadAsync(Spend, 2, 1)).Keys);
        foreach (var gone in new[] { 1, 12 }) await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync(Spend, gone, 0));
        await Warehouse.DropComputedAsync([], None);
        await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync(Spend, 2, 1));
    }

    [SkippableFact]
    public async Task Compute_WhenTwoDefinitionsShareAnEpoch_KeepsThemApart()
    {
        var logins = new CompiledView(TestDefinition.Of([TestDefinition.Metric("logins", [EventCatalog.Login], Aggregate.Count)]));
        await InsertAsync(Frame(0, 0).Purchase("a", "1", T0, 1).Event(EventCatalog.Login, "b", "2", T0, w => w.SetBool(EventCatalog.Success, true)));
        await Warehouse.ComputeAsync(Spend, 1, 0, 2, NoPruning, None);
        await Warehouse.ComputeAsync(logins, 1, 0, 2, NoPruning, None);
        Assert.False((await ReadAsync(Spend, 1, 0))["a"].IsEmpty);
        Assert.False((await ReadAsync(logins, 1, 0))["b"].IsEmpty);
    }

    [SkippableFact]
    public async Task ReadComputed_WhenLarge_StreamsInOrderAndMayBeLeft()
    {
        const int customers = 20_000;
        for (var part = 0; part < 4; part++)
        {
            var frame = Frame(0, part * customers / 4);
            for (var i = 0; i < customers / 4; i++) frame.Purchase($"c{(i * 4 + part) * 7919 % customers}", $"e{i}", T0 + i, 5, merchant: $"m-{i}");
            await InsertAsync(frame);
        }
        Assert.Equal(customers, await Warehouse.ComputeAsync(Spend, 3, 0, customers, NoPruning, None));
        var last = default(CustomerId?);
        long read = 0;
        await foreach (var (customer, state) in Warehouse.ReadComputedAsync(Spend, 3, 0, None))
        {
            Assert.True(last is null || last.Value.CompareTo(customer) < 0, $"{customer} after {last}");
            Assert.False(state.IsEmpty);
            (last, read) = (customer, read + 1);
        }
        Assert.Equal(customers, read);
        await foreach (var _ in Warehouse.ReadComputedAsync(Spend, 3, 0, None)) break;
        Assert.Equal(customers, await Warehouse.ComputeAsync(Spend, 3, 0, customers, NoPruning, None));
    }

    // --- helpers ------------------------------------------------------------------------------------------------------

    private async Task<Dictionary<string, State>> ReadAsync(CompiledView view, long epoch, int partition)
    {
        var all = new Dictionary<string, State>();
        await foreach (var (customer, state) in Warehouse.ReadComputedAsync(view, epoch, partition, None)) all.Add(customer.ToString(), state);
        return all;
    }

    private Task InsertAsync(int partition, IEnumerable<LoggedEvent> events) => Warehouse.InsertAsync([.. events.Select(e => FrameOf(partition, e))], None);

    private static LogFrame FrameOf(int partition, LoggedEvent logged)
    {
        var batch = new AppendBatch(partition + 1);
        batch.Add(partition, logged.Record.Span);
        return new LogFrame(partition, logged.Offset, 1, logged.AppendedAtMs, batch.RecordsOf(partition));
    }

    /// <summary>One log of several customers' events: offsets 0, 1, … in the order of append times.</summary>
    private static IEnumerable<(string Customer, LoggedEvent Event)> Renumber(IEnumerable<(string Customer, LoggedEvent Event)> events) =>
        events.OrderBy(e => e.Event.AppendedAtMs).Select((e, offset) => (e.Customer, e.Event with { Offset = offset }));

    /// <summary>With every tile: an append time long ago keeps the fold from leaving old days out.</summary>
    private static State Fold(CompiledView view, IEnumerable<LoggedEvent> events)
    {
        var state = new State();
        foreach (var distinct in NaiveOracle.Distinct(events)) view.Fold(state, (distinct with { AppendedAtMs = -1L << 50 }).ToRow());
        return state;
    }

    private static void AssertSame(Dictionary<string, State> expected, Dictionary<string, State> computed)
    {
        foreach (var (customer, state) in computed)
            Assert.True(expected.TryGetValue(customer, out var wanted) ? state.Equals(wanted) : state.IsEmpty,
                $"{customer}: computed {Hex(state)}, expected {(wanted is null ? "no state" : Hex(wanted))}");
        foreach (var (customer, state) in expected)
            Assert.True(computed.ContainsKey(customer) || state.IsEmpty, $"{customer} is missing");
    }

    private static string Hex(State state) => Convert.ToHexStringLower(state.Encoded);
}
