using Lambda.LoadTests.Flows;

namespace Lambda.LoadTests.Scenarios;

/// <summary>Long load without a fault: whatever the machine does meanwhile, no node may be taken for lost. A batch run passes in every sixth of the time.</summary>
internal sealed class SoakScenario : Scenario
{
    private const int Runs = 6;

    public override string Name => "soak";
    public override string What => "events and lookups at one rate, six batch runs; with all nodes named by --url it holds that none was taken for lost (--seconds 1800 for half an hour)";
    public override int EventsBefore => 1;
    public override bool LosesNobody => true;

    public override IReadOnlyList<RatedFlow> Flows(LoadTestOptions options, Ledger ledger)
    {
        var rate = options.Rate ?? 1_000;
        return [EventsScenario.Of(options, ledger, _ => rate), new(new LookupFlow(ledger, options.Seed + 1), _ => rate / 5, Connections: 16)];
    }

    public override async Task<IReadOnlyList<Incident>> DisturbAsync(LoadTestOptions options, Func<TimeSpan> at, CancellationToken cancel)
    {
        using var http = new HttpClient();
        for (var run = 0; run < Runs; run++)
        {
            await Task.Delay(TimeSpan.FromTicks(Math.Max(0, (options.Time * (run + 0.5) / Runs - at()).Ticks)), cancel);
            try
            {
                using var begun = await http.PostAsync(new Uri(options.Urls[run % options.Urls.Count], "/v1/admin/batch/runs"), null, cancel);
            }
            catch (HttpRequestException)
            {
                // Whoever does not answer is found out by the flows.
            }
        }
        return [];
    }
}
