using System.Text.Json;
using Lambda.LoadTests;
using Lambda.LoadTests.Nodes;
using Lambda.LoadTests.Reports;
using Lambda.LoadTests.Runners;
using Lambda.LoadTests.Scenarios;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Load;

/// <summary>Every load test, short, against a real host; and that its checks can fail.</summary>
public sealed class LoadTestTests(LoadTestTests.Target target) : IClassFixture<LoadTestTests.Target>
{
    public sealed class Target : IAsyncLifetime
    {
        internal OwnHost? Host { get; private set; }

        public async Task InitializeAsync()
        {
            if (LocalWarehouse.LibraryPath is not null) Host = await OwnHost.StartAsync(default);
        }

        public async Task DisposeAsync()
        {
            if (Host is not null) await Host.DisposeAsync();
        }
    }

    public static IEnumerable<object[]> Everything => from scenario in Scenario.All from runner in Runner.All select new object[] { scenario.Name, runner.Name };

    [SkippableTheory]
    [MemberData(nameof(Everything))]
    public async Task Scenario_WhenRunAgainstARealHost_EndsVerified(string scenario, string runner)
    {
        var report = await RunAsync(scenario, runner, dropsOne: false);
        Assert.True(report.IsVerified, TextReport.Of(report));
        Assert.All(report.Flows, f => Assert.True(f.Load.Requests > 0, $"{f.Name} sent nothing"));
        Assert.Equal(Scenario.All.Single(s => s.Name == scenario).LosesANode ? 2 : 0, report.Incidents.Count);

        var json = JsonDocument.Parse(report.ToJson()).RootElement;
        Assert.True(json.GetProperty("verified").GetBoolean());
        Assert.Equal(report.Flows.Count, json.GetProperty("flows").GetArrayLength());
        Assert.Contains("verified</span>", HtmlReport.Of(report), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("events")]
    [InlineData("lookups")]
    public async Task Checks_WhenAnEventIsDroppedOnPurpose_Notice(string scenario)
    {
        var report = await RunAsync(scenario, Runner.All[^1].Name, dropsOne: true);
        Assert.False(report.IsVerified);
        Assert.Equal(3, report.Checks.Count(c => !c.IsRight && c.Name.Contains("customers", StringComparison.Ordinal)));
        Assert.Contains("wrong</span>", HtmlReport.Of(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Day_WhenItIsNine_IsAtItsPeak()
    {
        var day = new DayCurve(TimeSpan.FromSeconds(24));
        var hours = Enumerable.Range(0, 24).Select(h => day.At(TimeSpan.FromSeconds(h))).ToList();
        Assert.Equal((9, 1.0), (hours.IndexOf(hours.Max()), hours[9]));
        Assert.Equal((hours[9] + hours[10]) / 2, day.At(TimeSpan.FromSeconds(9.5)), 6);
    }

    private async Task<LoadTestReport> RunAsync(string scenario, string runner, bool dropsOne)
    {
        Skip.If(target.Host is null, "libchdb is not there: run scripts/fetch-chdb");
        var options = new LoadTestOptions([target.Host!.Url], Rate: 500, TimeSpan.FromSeconds(4), Customers: 300, DropsOne: dropsOne) { Node = target.Host, Away = TimeSpan.FromSeconds(0.5) };
        return await LoadTest.RunAsync(Scenario.All.Single(s => s.Name == scenario), options, Runner.All.Single(r => r.Name == runner), _ => { }, default);
    }
}
