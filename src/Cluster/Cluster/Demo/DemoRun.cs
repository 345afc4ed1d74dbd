using System.Diagnostics;
using System.Text.Json;
using Lambda.Cluster.Cli;
using Lambda.Cluster.Options;
using Lambda.SpeedLayer.Generation;
using Spectre.Console;

namespace Lambda.Cluster.Demo;

internal sealed record DemoOptions(string Folder, int Seconds, int EventsPerSecond, int Customers, ulong Seed);

internal sealed record DemoResult(long Events, double EventsPerSecond, long Checked, long Mismatches);

/// <summary>The whole of Lambda in two minutes: a fresh folder, a stream of events, a batch run in its middle, and answers checked all along.</summary>
internal sealed class DemoRun(DemoOptions options, DemoScreen screen)
{
    private const int CheckedDuring = 40;
    private const int CheckedAfter = 200;
    private const int HistoryDays = 120;

    public async Task<DemoResult> RunAsync(CancellationToken cancel)
    {
        screen.Say($"starting Lambda in {options.Folder} …");
        var started = Stopwatch.StartNew();
        await using var host = await Host.StartAsync(new LambdaOptions { Dev = true, Data = options.Folder, Port = 0, BatchAt = null }, TimeProvider.System, text => screen.Say(text), cancel);
        using var client = new Client(host.Url);
        screen.Say($"ready at {host.Url} after {started.Elapsed.TotalSeconds:0.0} s; streaming {options.EventsPerSecond:#,0} events/s for {options.Seconds} s, with late, repeated and broken ones among them");

        var feed = new DemoFeed(client, Generator(), options.EventsPerSecond);
        var probe = new FreshnessProbe(client, feed);
        var check = new DemoCheck(client, host.Engine);
        var clock = Stopwatch.StartNew();
        var state = "";
        var run = Task.Run(() => BatchInTheMiddleAsync(client, check, feed, s => state = s, cancel), cancel);
        await feed.RunAsync(TimeSpan.FromSeconds(options.Seconds), () =>
        {
            screen.Progress(() => $"{clock.Elapsed.TotalSeconds,4:0} s  {feed.Accepted,10:#,0} events  fresh after {probe.Percentile(.5):0.0} ms (99 %: {probe.Percentile(.99):0.0} ms)  {state}");
            return probe.OnPost();
        }, cancel);
        var report = await run;
        screen.Say($"checking {CheckedAfter} customers: served = recomputed from raw events = counted from what was sent …");
        await check.RunAsync(feed.Sample.Keys.Order(StringComparer.Ordinal).Take(CheckedAfter), feed.Positions, feed.Sample, cancel);
        await TellAsync(client, feed, probe, check, report, cancel);
        await host.StopAsync(CancellationToken.None);
        return new DemoResult(feed.Accepted, Math.Round(feed.Accepted / feed.Took.TotalSeconds), check.Checked, check.Mismatches.Count);
    }

    private EventGenerator Generator() => new(new GeneratorOptions
    {
        Customers = options.Customers,
        Events = (long)options.EventsPerSecond * options.Seconds,
        Days = HistoryDays,
        Seed = options.Seed,
        EndMicros = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000,
        LateRate = 0.02, DuplicateRate = 0.01, UnknownFieldRate = 0.02, BadLineRate = 0.0002,
    });

    private async Task<JsonElement> BatchInTheMiddleAsync(Client client, DemoCheck check, DemoFeed feed, Action<string> onState, CancellationToken cancel)
    {
        await Task.Delay(TimeSpan.FromSeconds(options.Seconds / 2.0), cancel);
        var begun = await client.PostAsync("/v1/admin/batch/runs", null, cancel);
        var report = await BatchCommand.FollowAsync(client, begun.GetProperty("run").GetString()!, s => onState($"batch run: {s}"), cancel);
        onState($"batch run: {report.GetProperty("state")}, checking answers");
        await check.RunAsync([.. feed.Sample.Keys.Order(StringComparer.Ordinal).Take(CheckedDuring)], null, null, cancel);
        onState($"batch run: {report.GetProperty("state")}, {check.Checked} answers checked");
        return report;
    }

    private async Task TellAsync(Client client, DemoFeed feed, FreshnessProbe probe, DemoCheck check, JsonElement report, CancellationToken cancel)
    {
        screen.Show(CustomerCard.Of(await FullestAsync(client, feed, cancel)));
        var table = Output.Table("", "").HideHeaders();
        table.Row("events accepted", $"{feed.Accepted:#,0} in {feed.Took.TotalSeconds:0.0} s: {feed.Accepted / feed.Took.TotalSeconds:#,0}/s (asked for {options.EventsPerSecond:#,0}/s)");
        table.Row("broken lines in quarantine", $"{feed.Refused:#,0}");
        table.Row("in the answer after the write", $"half within {probe.Percentile(.5):0.0} ms, 99 % within {probe.Percentile(.99):0.0} ms ({probe.Count} reads over HTTP)");
        table.Row("batch run beside the stream", $"{report.GetProperty("state")} after {report.GetProperty("steps").EnumerateArray().Sum(s => s.GetProperty("ms").GetInt64()) / 1000.0:0.0} s, {Counts(report)}");
        table.Row("served = recomputed = sent", $"{check.Checked:#,0} checked, {check.Mismatches.Count:#,0} mismatches");
        screen.Show(table);
        foreach (var mismatch in check.Mismatches.Take(10)) screen.Say(mismatch);
        screen.Say($"""
            where to look next:
              ./lambda up --dev --data {options.Folder}            the same data, as a server
              curl -s http://127.0.0.1:8360/v1/customers/{feed.Newest.Customer}
              views/customer360.yaml                               the metrics; README.md tells the rest
            """);
    }

    private static string Counts(JsonElement report) => string.Join(", ", report.GetProperty("counts").EnumerateObject()
        .Where(c => c.Name is "events" or "customers").Select(c => $"{Output.Show(c.Value)} {c.Name}"));

    private static async Task<JsonElement> FullestAsync(Client client, DemoFeed feed, CancellationToken cancel)
    {
        JsonElement best = default;
        foreach (var customer in feed.Sample.OrderByDescending(c => c.Value.Count).Take(20))
        {
            var answer = await client.GetAsync($"/v1/customers/{Uri.EscapeDataString(customer.Key)}", cancel);
            if (best.ValueKind == JsonValueKind.Undefined || CustomerCard.Fullness(answer) > CustomerCard.Fullness(best)) best = answer;
        }
        return best;
    }
}
