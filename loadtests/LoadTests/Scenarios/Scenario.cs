using Lambda.LoadTests.Flows;

namespace Lambda.LoadTests.Scenarios;

/// <summary>What is sent, at which rates, and what happens meanwhile: without a word about who sends it.</summary>
internal abstract class Scenario
{
    public static readonly IReadOnlyList<Scenario> All = [new EventsScenario(), new LookupsScenario(), new MixedDayScenario(), new SearchScenario(), new ExportScenario(), new NodeLossScenario(), new SoakScenario(), new PaydayScenario(), new PaydayLossScenario()];

    public abstract string Name { get; }
    public abstract string What { get; }

    /// <summary>Events of each customer that are there before the load begins.</summary>
    public virtual int EventsBefore => 0;

    /// <summary>Each customer's card is known before the load begins.</summary>
    public virtual bool HasCards => false;

    public abstract IReadOnlyList<RatedFlow> Flows(LoadTestOptions options, Ledger ledger);

    /// <summary>Every node must have run all the time, and none may have taken another for lost.</summary>
    public virtual bool LosesNobody => false;

    /// <summary>It kills a node.</summary>
    public virtual bool LosesANode => false;

    /// <summary>What is done to the installation under load.</summary>
    /// <returns>What happened when, for the report.</returns>
    public virtual Task<IReadOnlyList<Incident>> DisturbAsync(LoadTestOptions options, Func<TimeSpan> at, CancellationToken cancel) => Task.FromResult<IReadOnlyList<Incident>>([]);
}

/// <param name="At">Since the load began.</param>
internal sealed record Incident(TimeSpan At, string What);

/// <summary>Purchases at one rate.</summary>
internal sealed class EventsScenario : Scenario
{
    public const int PerRequest = 50;

    public override string Name => "events";
    public override string What => "purchases at one rate (events a second, 50 a request)";

    public override IReadOnlyList<RatedFlow> Flows(LoadTestOptions options, Ledger ledger) => [Of(options, ledger, _ => options.Rate ?? 5_000)];

    public static RatedFlow Of(LoadTestOptions options, Ledger ledger, Func<TimeSpan, double> eventsPerSecond) =>
        new(new EventFlow(ledger, PerRequest, options.Seed) { DropsOne = options.DropsOne }, at => eventsPerSecond(at) / PerRequest, Connections: 16);
}

/// <summary>Lookups at one rate of customers whose answers are known exactly.</summary>
internal sealed class LookupsScenario : Scenario
{
    public override string Name => "lookups";
    public override string What => "lookups at one rate, customers drawn evenly, every answer held against what was written";
    public override int EventsBefore => 3;

    public override IReadOnlyList<RatedFlow> Flows(LoadTestOptions options, Ledger ledger) =>
        [new(new LookupFlow(ledger, options.Seed + 1), _ => options.Rate ?? 2_000, Connections: 32)];
}

/// <summary>A day in as many seconds as are given: events, lookups and histories, each at the rate of the hour; it is payday.</summary>
internal sealed class MixedDayScenario : Scenario
{
    public override string Name => "mixed-day";
    public override string What => "a day pressed into the time given: events, lookups and histories follow the hours, with payday's peak at nine (the rate is that of events at the peak)";
    public override int EventsBefore => 1;

    public override IReadOnlyList<RatedFlow> Flows(LoadTestOptions options, Ledger ledger)
    {
        var peak = options.Rate ?? 5_000;
        var day = new DayCurve(options.Time);
        return
        [
            EventsScenario.Of(options, ledger, at => peak * day.At(at)),
            new(new LookupFlow(ledger, options.Seed + 1), at => peak / 5 * day.At(at), Connections: 16),
            new(new HistoryFlow(ledger, options.Seed + 2), at => peak / 500 * day.At(at), Connections: 4),
        ];
    }
}

/// <summary>A node is killed under load and comes back: every acknowledged event counts once, and no answer is wrong meanwhile.</summary>
internal sealed class NodeLossScenario : Scenario
{
    public override string Name => "node-loss";
    public override bool LosesANode => true;
    public override string What => "events and lookups at one rate while a node is killed after a third of the time and started again (in the embedded edition: the host)";
    public override int EventsBefore => 1;

    public override IReadOnlyList<RatedFlow> Flows(LoadTestOptions options, Ledger ledger)
    {
        var rate = options.Rate ?? 2_000;
        return [EventsScenario.Of(options, ledger, _ => rate), new(new LookupFlow(ledger, options.Seed + 1), _ => rate / 5, Connections: 16)];
    }

    public override async Task<IReadOnlyList<Incident>> DisturbAsync(LoadTestOptions options, Func<TimeSpan> at, CancellationToken cancel)
    {
        var node = options.Node ?? throw new UsageException("node-loss needs a node to kill: --own, --pid PID or --kill COMMAND, the latter two with --restart COMMAND");
        await Task.Delay(options.Time / 3, cancel);
        var killed = new Incident(at(), "node killed");
        await node.KillAsync(cancel);
        await Task.Delay(options.Away, cancel);
        var restarted = new Incident(at(), "node started again");
        await node.RestartAsync(cancel);
        return [killed, restarted];
    }
}

internal sealed class UsageException(string message) : Exception(message);
