using FsCheck.Fluent;
using FsCheck;
using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.Simulation;
using Lambda.TestKit.Views;
using Lambda.TestKit;

namespace Lambda.Domain.Tests.Views;

/// <summary>A random definition with one customer's random events; shrinks by metrics and events, and prints as what makes it again.</summary>
public sealed record ViewSample(int Seed, int Metrics, int EventCount)
{
    public ViewDefinition Definition => field ??= RandomViews.Definition(new Random(Seed), Metrics);
    public CompiledView View => field ??= new CompiledView(Definition);
    public List<LoggedEvent> Log => field ??= RandomViews.Events(new Random(Seed + 1), EventCount);
    public Random Random => new(Seed + 2);

    public State Fold(IEnumerable<LoggedEvent> events)
    {
        var state = new State();
        foreach (var logged in events) View.Fold(state, logged.ToRow());
        return state;
    }

    public State FoldDistinct() => Fold(NaiveOracle.Distinct(Log));

    public override string ToString() => $"ViewSample({Seed}, {Metrics}, {EventCount})\n{Definition.Text}";

    public static Arbitrary<ViewSample> Arbitrary() => Arb.From(
        from seed in Gen.Choose(0, int.MaxValue - 10)
        from metrics in Gen.Choose(1, 12)
        from events in Gen.Choose(0, 60)
        select new ViewSample(seed, metrics, events),
        sample => Smaller(sample.EventCount).Select(n => new ViewSample(sample.Seed, sample.Metrics, n))
            .Concat(Smaller(sample.Metrics).Where(n => n > 0).Select(n => new ViewSample(sample.Seed, n, sample.EventCount))));

    private static IEnumerable<int> Smaller(int n) => new[] { n / 2, n - 1 }.Where(m => m >= 0 && m < n).Distinct();
}
