using Lambda.LoadTests.Flows;

namespace Lambda.LoadTests.Scenarios;

/// <summary>Marketing searches while events come in.</summary>
internal sealed class SearchScenario : Scenario
{
    public override string Name => "search";
    public override string What => "purchases at one rate, and a hundredth as many searches with two conditions, a sort and a count";
    public override int EventsBefore => 1;

    public override IReadOnlyList<RatedFlow> Flows(LoadTestOptions options, Ledger ledger)
    {
        var rate = options.Rate ?? 2_000;
        return [EventsScenario.Of(options, ledger, _ => rate), new(new SearchFlow(ledger, options.Seed + 1), _ => rate / 100, Connections: 8)];
    }
}

/// <summary>All customers as a file, again and again, while events come in.</summary>
internal sealed class ExportScenario : Scenario
{
    public override string Name => "export";
    public override string What => "purchases at one rate, and for every 500 a second an export of all customers as NDJSON";
    public override int EventsBefore => 1;

    public override IReadOnlyList<RatedFlow> Flows(LoadTestOptions options, Ledger ledger)
    {
        var rate = options.Rate ?? 1_000;
        return [EventsScenario.Of(options, ledger, _ => rate), new(new ExportFlow(ledger), _ => rate / 500, Connections: 4)];
    }
}
