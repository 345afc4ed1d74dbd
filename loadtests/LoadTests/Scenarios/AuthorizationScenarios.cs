using Lambda.LoadTests.Flows;

namespace Lambda.LoadTests.Scenarios;

/// <summary>The gateway on payday: authorizations follow the hours, lookups beside them.</summary>
internal class PaydayScenario : Scenario
{
    public override string Name => "payday";
    public override bool HasCards => true;
    public override string What => "authorizations of a payday pressed into the time given (the rate is that of its peak), and lookups of the same customers; every id has one answer";

    public override IReadOnlyList<RatedFlow> Flows(LoadTestOptions options, Ledger ledger)
    {
        var peak = options.Rate ?? 1_000;
        var day = new DayCurve(options.Time);
        return
        [
            new(new AuthorizationFlow(ledger, options.Seed), at => peak * day.At(at), Connections: 32),
            new(new LookupFlow(ledger, options.Seed + 1), at => peak / 5 * day.At(at), Connections: 8),
        ];
    }
}

/// <summary>A node is killed in the middle of it, and comes back.</summary>
internal sealed class PaydayLossScenario : PaydayScenario
{
    public override string Name => "payday-loss";
    public override bool LosesANode => true;
    public override string What => "the same while a node is killed after a third of the time and started again: what nobody could decide is answered by policy and asked again";

    public override Task<IReadOnlyList<Incident>> DisturbAsync(LoadTestOptions options, Func<TimeSpan> at, CancellationToken cancel) => new NodeLossScenario().DisturbAsync(options, at, cancel);
}
