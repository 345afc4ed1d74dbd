using System.Diagnostics;
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
        var run = $"{started:yyyyMMddHHmmss}-{Environment.ProcessId:x}-{Stopwatch.GetTimestamp() & 0xffff:x}";
        var ledger = new Ledger(run, options.Customers, await api.PartitionsAsync(cancel));
        await PrepareAsync(scenario, options, ledger, say, cancel);

        var flows = scenario.Flows(options, ledger);
        say($"{scenario.Name}: {options.Time.TotalSeconds:0.#} s with {runner.Name} …");
        var began = Stopwatch.GetTimestamp();
        var disturbing = scenario.DisturbAsync(options, () => Stopwatch.GetElapsedTime(began), cancel);
        var reports = await runner.RunAsync(options.Urls, flows, options.Time, options.Seed, cancel);
        var incidents = await disturbing;

        await api.WaitUntilReadyAsync(ReadyPatience, cancel);
        foreach (var events in flows.Select(s => s.Flow).OfType<EventFlow>()) await FinishAsync(options, events, cancel);
        say("checking …");
        var checks = await Checks.AllAsync(options, api, ledger, flows, cancel);
        return new LoadTestReport(
            scenario.Name, scenario.What, runner.Name, options.Urls, started, options.Time, run, ledger.Acknowledged,
            [.. flows.Zip(reports, (flow, report) => new FlowReport(flow.Flow.Name, report))], incidents, checks);
    }

    /// <summary>The customers that the load expects.</summary>
    private static async Task PrepareAsync(Scenario scenario, LoadTestOptions options, Ledger ledger, Action<string> say, CancellationToken cancel)
    {
        if (scenario.EventsBefore == 0) return;
        var requests = (scenario.EventsBefore * ledger.Customers + EventsScenario.PerRequest - 1) / EventsScenario.PerRequest;
        say($"{scenario.Name}: writing {requests * EventsScenario.PerRequest} events of {ledger.Customers} customers …");
        var flow = new EventFlow(ledger, EventsScenario.PerRequest, options.Seed + 100, "before") { DropsOne = options.DropsOne };
        await FinishAsync(options, new Limited(flow, requests), flow, cancel);
    }

    private static Task FinishAsync(LoadTestOptions options, EventFlow events, CancellationToken cancel)
    {
        events.IsClosed = true;
        return FinishAsync(options, events, events, cancel);
    }

    private static async Task FinishAsync(LoadTestOptions options, IFlow flow, EventFlow events, CancellationToken cancel)
    {
        var report = await OpenLoopRunner.FinishAsync(options.Urls, flow, FinishPatience, cancel);
        if (events.Unacknowledged > 0 && report.Requests == 0) throw new EnvironmentException($"events could not be sent: {report.FirstFailure}");
    }

    /// <summary>So many requests of a flow, and what must be sent again.</summary>
    private sealed class Limited(EventFlow flow, int requests) : IFlow
    {
        private int _left = requests;

        public string Name => flow.Name;
        public IReadOnlyList<string> Wrong => flow.Wrong;

        public bool TryNext(out Request request)
        {
            flow.IsClosed = _left <= 0;
            _left--;
            return flow.TryNext(out request);
        }

        public bool Accept(int token, int status, ReadOnlySpan<byte> body) => flow.Accept(token, status, body);

        public void Lost(int token) => flow.Lost(token);
    }
}
