using Lambda.Domain.Events;
using Lambda.Domain.Tests.Definitions;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Xunit;

namespace Lambda.Domain.Tests.Views;

public sealed class ConsentFilterTests
{
    private static readonly ViewDefinition Committed = DefinitionLoader.Load("views/customer360.yaml", Repository.Read("views/customer360.yaml"));

    [Fact]
    public void For_EveryPurposeOfTheCommittedView_IsItsMetric() =>
        Assert.Equal(["marketing_consent", "profiling_consent", "analytics_consent", "third_party_consent"], ConsentFilter.Purposes.Select(p => ConsentFilter.For(Committed, p)!.Expression));

    [Theory]
    [InlineData("m: { of: consent, latest: granted, when: \"purpose = 'marketing'\" }", true)] // called anything
    [InlineData("marketing_consent: { of: consent, latest: granted }", false)]                     // of any purpose
    [InlineData("marketing_consent: { of: consent, latest: granted, when: \"purpose in ('marketing', 'profiling')\" }", false)]
    [InlineData("marketing_consent: { of: consent, first: granted, when: \"purpose = 'marketing'\" }", false)]
    [InlineData("marketing_consent: { of: consent, latest: granted, when: \"purpose != 'profiling'\" }", false)]
    public void For_ADefinition_GoesByWhatTheMetricMeans(string metric, bool isFound) =>
        Assert.Equal(isFound, ConsentFilter.For(DefinitionLoader.Load("t.yaml", $"view: t\nmetrics:\n  {metric}\n"), "marketing") is not null);

    [Fact]
    public void For_AnUnknownPurpose_IsNone() => Assert.Null(ConsentFilter.For(Committed, "world_domination"));

    [Fact]
    public void Allows_OnlyWhoGaveItLast()
    {
        var filter = ConsentFilter.For(Committed, "marketing")!;
        Assert.False(filter.Allows(AnswerOf()));                                    // never asked
        Assert.True(filter.Allows(AnswerOf(("marketing", true, 1))));
        Assert.False(filter.Allows(AnswerOf(("marketing", true, 1), ("marketing", false, 2))));
        Assert.True(filter.Allows(AnswerOf(("marketing", false, 3), ("marketing", true, 4), ("profiling", false, 5))));
        Assert.False(filter.Allows(AnswerOf(("profiling", true, 1))));
    }

    private static Answer AnswerOf(params (string Purpose, bool Granted, long At)[] consents)
    {
        var (view, state) = (new CompiledView(Committed), new State());
        foreach (var (purpose, granted, at) in consents)
        {
            var row = new EventRow { Offset = at };
            RecordCodec.Read(new RecordWriter().Begin(EventCatalog.Consent, "c"u8, "e"u8, at)
                .SetText(EventCatalog.Purpose, System.Text.Encoding.UTF8.GetBytes(purpose)).SetBool(EventCatalog.Granted, granted).Finish().ToArray(), row);
            view.Fold(state, row);
        }
        return view.Finish(state, null, null, 20_000);
    }
}
