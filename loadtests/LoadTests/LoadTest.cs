using System.Diagnostics;
using System.Security.Cryptography;
using Lambda.Load;
using Lambda.LoadTests.Flows;
using Lambda.LoadTests.Reports;
using Lambda.LoadTests.Runners;
using Lambda.LoadTests.Scenarios;

namespace Lambda.LoadTests;

/// <summary>One load test: prepare, load, send the rest, check.</summary>
internal static class LoadTest
{
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(5), ReadyPatience = TimeSpan.FromSeconds(60), FinishPatience = TimeSpan.FromMinutes(2);

    public static async Task<LoadTestReport> RunAsync(Scenario scenario, LoadTestOptions options, IRunner runner, Action<string> say, CancellationToken cancel)
    {
        using var api = new Api(options.Urls);
        await api.WaitUntilReadyAsync(FirstPatience, cancel);
        var started = DateTimeOffset.UtcNow;
        var run = NewName();
        var ledger = new Ledger(run, options.Customers, await api.PartitionsAsync(cancel));
        var before = await PrepareAsync(scenario, options, ledger, say, cancel);

        var flows = scenario.Flows(options, ledger);
        say($"{scenario.Name}: {options.Time.TotalSeconds:0.#} s with {runner.Name} …");
        var membership = await Membership.OfAsync(options.Urls, cancel);
        var began = Stopwatch.GetTimestamp();
        var disturbing = scenario.DisturbAsync(options, () => Stopwatch.GetElapsedTime(began), cancel);
        var reports = await runner.RunAsync(options.Urls, flows, options.Time, options.Seed, cancel);
        var incidents = await disturbing;

        await api.WaitUntilReadyAsync(ReadyPatience, cancel);
        foreach (var flow in flows.Select(s => s.Flow).OfType<IFinishing>())
        {
            flow.EndNew();
            await FinishAsync(options, flow, cancel);
        }
        say("checking …");
        var checks = await Checks.AllAsync(options, api, ledger, [.. before, .. flows.Select(f => f.Flow)], cancel);
        if (scenario.LosesNobody) checks = [.. checks, .. (await Membership.OfAsync(options.Urls, cancel)).ChecksSince(membership)];
        return new LoadTestReport(
            scenario.Name, scenario.What, runner.Name, options.Urls, started, options.Time, run, ledger.Acknowledged,
            [.. flows.Zip(reports, (flow, report) => new FlowReport(flow.Flow.Name, report))], incidents, checks);
    }

    /// <summary>Letters only: a date and some digits after it may be taken for a card number, and are now and then.</summary>
    private static string NewName() => string.Concat(RandomNumberGenerator.GetItems<char>("abcdefghijkmnopqrstuvwxyz", 12));

    /// <summary>The customers that the load expects, and their cards.</summary>
    private static async Task<IReadOnlyList<IFinishing>> PrepareAsync(Scenario scenario, LoadTestOptions options, Ledger ledger, Action<string> say, CancellationToken cancel)
    {
        var requests = (scenario.EventsBefore * ledger.Customers + EventsScenario.PerRequest - 1) / EventsScenario.PerRequest;
        var events = new EventFlow(ledger, EventsScenario.PerRequest, options.Seed + 100, "before") { DropsOne = options.DropsOne, RequestsMax = requests };
        if (requests > 0)
        {
            say($"{scenario.Name}: writing {requests * EventsScenario.PerRequest} events of {ledger.Customers} customers …");
            await FinishAsync(options, events, cancel);
        }
        if (!scenario.HasCards) return [events];
        say($"{scenario.Name}: telling of {ledger.Customers} cards …");
        var cards = new CardFlow(ledger);
        await FinishAsync(options, cards, cancel);
        return [events, cards];
    }

    /// <summary>What a flow still has to send, until all of it is acknowledged.</summary>
    private static async Task FinishAsync(LoadTestOptions options, IFinishing events, CancellationToken cancel)
    {
        var report = await OpenLoopRunner.FinishAsync(options.Urls, events, FinishPatience, cancel);
        if (events.Unacknowledged > 0 && report.Requests == 0) throw new EnvironmentException($"{events.Name} could not be sent: {report.FirstFailure}");
    }
}
