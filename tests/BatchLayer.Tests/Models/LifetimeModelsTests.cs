using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Models;
using Lambda.Domain.Events;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.SpeedLayer.Worker;
using Lambda.TestKit;
using Lambda.TestKit.Events;
using Xunit;

namespace Lambda.BatchLayer.Tests.Models;

/// <summary>The model of a published view, from its computed states to the parameters that answers are estimated with.</summary>
public sealed class LifetimeModelsTests
{
    private const int Day = 20_000;
    private const int P = 2;

    private static readonly ViewDefinition View = Define("groceries"), Unbought = Define("cash");

    private static ViewDefinition Define(string category) => DefinitionLoader.Load("view.yaml", $$"""
        view: v
        metrics:
          days: { of: transaction, distinct: occurred_day, when: "category = '{{category}}'" }
          first_at: { of: transaction, min: occurred_at }
          last_at: { of: transaction, max: occurred_at }
          spend: { of: transaction, sum: billing_amount_minor }
        lifetime: { purchases: days, first: first_at, last: last_at, spent: spend }
        """);

    private readonly MemoryWarehouse _warehouse = new();
    private readonly MemoryRunJournal _facts = new();
    private readonly ViewCatalog _views = new(_ => null);
    private readonly LifetimeModels _models;

    public LifetimeModelsTests()
    {
        _views.Add(View);
        _views.Add(Unbought);
        _models = Open();
    }

    [Fact]
    public async Task Step_OnAPublishedView_FitsWhatItsStatesTell()
    {
        var histories = Histories(400);

        Assert.True(await _models.StepAsync(await PublishAsync(1, histories), default));

        var expected = LifetimeModels.Fit(1, histories, Day, default);
        var found = _models.Current!;
        Assert.Equal((1L, 400L, Day), (found.Epoch, found.Customers, found.FittedDay));
        Assert.Equal(expected.LogLikelihood, found.LogLikelihood, 1e-6);
        Assert.Equal(expected.Purchases.Alpha, found.Purchases.Alpha, 1e-3);
        Assert.Equal(expected.Value!.V, found.Value!.V, 1e-1);
        Assert.Equal(expected.Scale!.Monetary, found.Scale!.Monetary);
    }

    [Fact]
    public async Task Step_OnTheSameView_DoesNothing()
    {
        var served = await PublishAsync(1, Histories(200));
        await _models.StepAsync(served, default);

        Assert.False(await _models.StepAsync(served, default));
    }

    [Fact]
    public async Task Model_AfterARestart_IsTheSame()
    {
        await _models.StepAsync(await PublishAsync(1, Histories(200)), default);

        var again = Open().Current!;

        Assert.Equal(_models.Current!.Purchases, again.Purchases);
        Assert.Equal(_models.Current!.Value, again.Value);
        Assert.Equal(_models.Current!.Scale!.Recency, again.Scale!.Recency);
        Assert.Equal(_models.Current!.Version, again.Version);
    }

    [Fact]
    public async Task Step_WhenTheNewViewCannotBeFitted_KeepsTheModelAndSaysWhy()
    {
        await _models.StepAsync(await PublishAsync(1, Histories(200)), default);
        var none = await PublishAsync(2, [], Unbought);

        Assert.True(await _models.StepAsync(none, default));

        Assert.Equal(1, _models.Current!.Epoch);
        Assert.Equal(2, _models.Failure!.Epoch);
        Assert.Contains("at least", _models.Failure.Reason);
        Assert.False(await _models.StepAsync(none, default)); // not again and again
        Assert.True(await _models.StepAsync(await PublishAsync(3, []), default));
        Assert.Null(_models.Failure);
    }

    [Fact]
    public async Task Step_UnderADefinitionWithoutLifetime_DoesNothing()
    {
        var plain = DefinitionLoader.Load("view.yaml", "view: v\nmetrics: { a: { of: login, count: true } }\n");
        _views.Add(plain);
        var served = await PublishAsync(1, Histories(200));

        Assert.False(await _models.StepAsync(served with { DefinitionHash = plain.Hash }, default));
        Assert.Null(_models.Current);
    }

    [Fact]
    public async Task Refresh_OnAnotherNode_TakesOverWhatWasFitted()
    {
        var other = Open();
        await _models.StepAsync(await PublishAsync(1, Histories(200)), default);
        Assert.Null(other.Current);

        other.Refresh();

        Assert.Equal(_models.Current!.Purchases, other.Current!.Purchases);
    }

    private LifetimeModels Open() => new(_warehouse, _views, _facts, new ManualTime(DateTimeOffset.UnixEpoch.AddDays(Day)));

    private static IReadOnlyList<PurchaseHistory> Histories(int customers) => [.. CdnowSample.Customers.Take(customers)
        .Select(c => c.History with { MeanMinor = Math.Max(100, Math.Round(c.History.MeanMinor)), MeanOver = c.History.Repeats + 1 })];

    /// <summary>Adds events that give exactly these histories on the day, and computes the view of the epoch from all there are.</summary>
    private async Task<Publication> PublishAsync(long epoch, IReadOnlyList<PurchaseHistory> histories, ViewDefinition? view = null)
    {
        var frames = Enumerable.Range(0, P).Select(p => new FrameBuilder(p, epoch * 1_000_000, Day * Clock.MsPerDay)).ToArray();
        for (var i = 0; i < histories.Count; i++)
        {
            var (h, name) = (histories[i], $"e{epoch}-{i}");
            for (var n = 0; n <= h.Repeats; n++)
            {
                // Repeats are on the last days up to the last one, so that no two fall on one day.
                var day = Day - (int)h.AgeDays + (n == 0 ? 0 : (int)h.LastDays - ((int)h.Repeats - n));
                frames[i % P].Purchase(name, $"{name}-{n}", day * Clock.MicrosPerDay + 1, (long)h.MeanMinor);
            }
        }
        var artefacts = new List<Artefact>();
        for (var p = 0; p < P; p++)
        {
            if (histories.Count > 0) await _warehouse.InsertAsync([frames[p].Build()], default);
            var rows = await _warehouse.ComputeAsync(_views.ByHash((view ?? View).Hash), epoch, p, long.MaxValue, Day - 400, default);
            artefacts.Add(new Artefact($"base-{epoch}-{p}", "", rows));
        }
        return new Publication(epoch, $"run-{epoch}", (view ?? View).Hash, Cut.Zero(P), [.. Enumerable.Repeat(Day * Clock.MsPerDay, P)], artefacts, Day * Clock.MsPerDay);
    }
}
