using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every population table must do. Rows are read back as customer → (epoch, applied, as_of).</summary>
public abstract class PopulationSuite : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected static readonly ViewDefinition One = DefinitionLoader.Load("one.yaml", """
        view: one
        metrics:
          spend: { of: transaction, sum: billing_amount_minor, windows: [7d] }
          spend_by_category: { of: transaction, sum: billing_amount_minor, by: category }
          last_seen_at: { of: [transaction, login], max: occurred_at }
          email: { of: profile, latest: email, pii: true }
          birthday: { of: profile, latest: birth_date }
          epoch: { of: transaction, count: true }
        derived:
          half: "spend / 2"
          any: "spend > 0"
        segments:
          big: "spend >= 1000"
          seen: "last_seen_at is not null"
        """);

    protected static readonly ViewDefinition Two = DefinitionLoader.Load("two.yaml", "view: two\nmetrics:\n  logins: { of: login, count: true }\n");

    private IPopulation? _population;

    protected IPopulation Population
    {
        get
        {
            Skip.If(WhyAbsent is not null, WhyAbsent);
            return _population!;
        }
    }

    protected virtual string? WhyAbsent => null;

    protected abstract Task<IPopulation> OpenAsync();

    /// <summary>What `customer_current` shows.</summary>
    protected abstract Task<Dictionary<string, (long Epoch, long Applied, int AsOfDay)>> ReadAsync();

    public async Task InitializeAsync()
    {
        if (WhyAbsent is null) _population = await OpenAsync();
    }

    public virtual Task DisposeAsync() => Task.CompletedTask;

    [SkippableFact]
    public async Task Write_WhenCustomerIsWrittenAgain_TheHighestStampIsShown()
    {
        await Population.EnsureAsync(One, None);
        await Population.WriteAsync(One, [Row(One, "a", 1, 10, 20_000), Row(One, "b", 1, 10, 20_000), Row(One, "c", 1, 10, 20_000)], None);
        await Population.WriteAsync(One, [Row(One, "a", 1, 11, 20_000), Row(One, "b", 2, 10, 20_000), Row(One, "c", 1, 10, 20_001)], None);
        await Population.WriteAsync(One, [Row(One, "a", 1, 10, 20_000), Row(One, "b", 1, 10, 20_000)], None); // a replay brings old rows again
        await Population.ActivateAsync(One, None);
        Assert.Equal(
            [("a", (1, 11, 20_000)), ("b", (2, 10, 20_000)), ("c", (1, 10, 20_001))],
            (await ReadAsync()).OrderBy(r => r.Key).Select(r => (r.Key, r.Value)));
    }

    [SkippableFact]
    public async Task Activate_WhenAnotherDefinitionIsReady_SwapsAndDropsTheOld()
    {
        await Population.EnsureAsync(One, None);
        await Population.EnsureAsync(One, None);
        await Population.WriteAsync(One, [Row(One, "a", 1, 10, 20_000)], None);
        await Population.ActivateAsync(One, None);
        await Population.EnsureAsync(Two, None);
        await Population.WriteAsync(Two, [Row(Two, "x", 2, 20, 20_000)], None);
        Assert.Equal(["a"], (await ReadAsync()).Keys);
        await Population.ActivateAsync(Two, None);
        Assert.Equal(["x"], (await ReadAsync()).Keys);
        await Assert.ThrowsAnyAsync<Exception>(() => Population.WriteAsync(One, [Row(One, "a", 1, 11, 20_000)], None));
        await Population.ActivateAsync(Two, None);
        await Population.WriteAsync(Two, [Row(Two, "y", 2, 20, 20_000)], None);
        Assert.Equal(["x", "y"], (await ReadAsync()).Keys.Order());
    }

    [SkippableFact]
    public async Task Write_WhenACustomerIsGone_HidesItsRowsUntilItComesAgain()
    {
        await Population.EnsureAsync(One, None);
        await Population.WriteAsync(One, [Row(One, "a", 1, 10, 20_000), Row(One, "b", 1, 10, 20_000)], None);
        await Population.ActivateAsync(One, None);
        await Population.WriteAsync(One, [Row(One, "a", 1, 12, 20_000) with { IsGone = true }], None);
        await Population.WriteAsync(One, [Row(One, "a", 1, 11, 20_000)], None); // a replay brings an old row again
        Assert.Equal(["b"], (await ReadAsync()).Keys);
        await Population.WriteAsync(One, [Row(One, "a", 1, 13, 20_000)], None);
        Assert.Equal(["a", "b"], (await ReadAsync()).Keys.Order());
        await Population.EnsureAsync(Two, None); // a new definition's table fills, the old one is shown until it takes over
        await Population.WriteAsync(Two, [Row(Two, "a", 2, 14, 20_000), Row(Two, "b", 2, 14, 20_000) with { IsGone = true }], None);
        Assert.Equal(["a"], (await ReadAsync()).Keys);
    }

    [SkippableFact]
    public async Task Write_WhenCustomersAreMergedAndParted_TheNewerPersonGoesBeforeTheFurtherPosition()
    {
        await Population.EnsureAsync(One, None);
        await Population.ActivateAsync(One, None);
        PopulationRow[] alone = [Row(One, "a", 1, 10, 20_000), Row(One, "b", 5, 900, 20_000)];
        PopulationRow[] merged = [Row(One, "a", 1, 11, 20_000) with { Linked = 1, OthersAt = 905 }, Row(One, "b", 5, 901, 20_000) with { Linked = 1, IsGone = true }];
        PopulationRow[] further = [Row(One, "a", 1, 11, 20_000) with { Linked = 1, OthersAt = 907 }];
        PopulationRow[] parted = [Row(One, "a", 1, 12, 20_000) with { Linked = 2 }, Row(One, "b", 5, 903, 20_000) with { Linked = 2 }];
        await Population.WriteAsync(One, alone, None);
        await Population.WriteAsync(One, merged, None);
        await Population.WriteAsync(One, further, None);
        await Population.WriteAsync(One, [Row(One, "b", 5, 902, 20_000)], None); // of somebody who has not heard of it
        Assert.Equal([("a", (1, 11, 20_000))], (await ReadAsync()).Select(r => (r.Key, r.Value)));
        await Population.WriteAsync(One, parted, None);
        foreach (var late in (PopulationRow[][])[merged, alone, further]) await Population.WriteAsync(One, late, None); // replays bring old rows again
        Assert.Equal([("a", (1, 12, 20_000)), ("b", (5, 903, 20_000))], (await ReadAsync()).OrderBy(r => r.Key).Select(r => (r.Key, r.Value)));
        await Population.EnsureAsync(Two, None); // another definition's table fills: it says nothing of who was merged meanwhile, but hides who was erased, however often merged
        await Population.WriteAsync(Two, [Row(Two, "a", 5, 905, 20_000) with { Linked = 3, IsGone = true, IsOfAnother = true }, Row(Two, "b", 5, 905, 20_000) with { Linked = 4, IsGone = true }], None);
        Assert.Equal(["a"], (await ReadAsync()).Keys);
    }

    [SkippableFact]
    public async Task Write_WhenThereIsNothing_DoesNothing()
    {
        await Population.EnsureAsync(One, None);
        await Population.WriteAsync(One, [], None);
        await Population.ActivateAsync(One, None);
        Assert.Empty(await ReadAsync());
    }

    protected static PopulationRow Row(ViewDefinition definition, string customer, long epoch, long applied, int asOfDay, Action<Value[], Value[]?[], bool[]>? set = null)
    {
        Value[] scalars = [.. definition.Outputs.Select(o => Value.Null(o.Type.Scalar))];
        Value[]?[] maps = [.. definition.Outputs.Select(o => o.Keys?.Select(_ => Value.Null(o.Type.Scalar)).ToArray())];
        var segments = new bool[definition.Segments.Count];
        set?.Invoke(scalars, maps, segments);
        return new PopulationRow(CustomerId.From(customer), 3, epoch, applied, new Answer(definition, asOfDay, scalars, maps, segments));
    }

    protected static int OutputOf(ViewDefinition definition, string name) => definition.Outputs.Single(o => o.Name == name).Index;

    protected static Value TextOf(string text) => Value.Text(Encoding.UTF8.GetBytes(text));
}
