using System.Globalization;
using Lambda.Cluster.Monitoring;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.SystemTests.Http;
using Xunit;

namespace Lambda.SystemTests.Operations;

/// <summary>/metrics as Prometheus sees it.</summary>
public sealed class MetricsTests : IAsyncLifetime
{
    private readonly ApiFixture _api = new();
    private readonly MetricsExport _export;

    public MetricsTests()
    {
        var parts = _api.Parts;
        _export = new MetricsExport(parts, parts, parts, parts.FraudModels, TimeProvider.System);
        parts.Metrics = _export.Scrape;
    }

    public Task InitializeAsync() => _api.InitializeAsync();

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _export.Dispose();
    }

    [Fact]
    public async Task Metrics_WhenScraped_TellHowTheEngineIs()
    {
        _api.Parts.Runs.Add(new RunReport("run-1", 3, RunState.Published, "hash", 1_700_000_000_000, 1_700_000_009_000, [], new Dictionary<string, long> { ["events"] = 7 }, [(RunState.Sinking, 1500)]));
        _api.Parts.Quarantine.Add([new QuarantineEntry(0, 5, "http", 1, "", "malformed_json", "", "x"u8.ToArray())], once: true);
        await _api.GetAsync("/v1/customers/nobody");
        var metrics = await ScrapeAsync();

        Assert.Equal(1, metrics["lambda_engine_ready"]);
        Assert.Equal((0, 1), (metrics["lambda_engine_state{state=\"degraded\"}"], metrics["lambda_engine_state{state=\"ready\"}"]));
        Assert.Equal((1, 2, 5), (metrics["lambda_partition_fold_lag{partition=\"0\"}"], metrics["lambda_partition_sink_lag{partition=\"0\"}"], metrics["lambda_partition_checkpoint_lag{partition=\"0\"}"] + 1));
        Assert.Equal(0.004, metrics["lambda_partition_freshness_seconds{partition=\"0\"}"]);
        Assert.Equal((1, 9, 1_700_000_009), (metrics["lambda_run_state{state=\"published\"}"], metrics["lambda_run_duration_seconds"], metrics["lambda_run_published_timestamp_seconds"]));
        Assert.Equal((7, 1.5), (metrics["lambda_run_counts{what=\"events\"}"], metrics["lambda_run_step_duration_seconds{step=\"sinking\"}"]));
        Assert.Equal(1, metrics["lambda_quarantine_open{reason=\"malformed_json\"}"]);
        Assert.Contains(metrics.Keys, k => k.StartsWith("http_server_request_duration_seconds_bucket", StringComparison.Ordinal) && k.Contains("/v1/customers/{id}", StringComparison.Ordinal) && k.Contains("le=\"0.002\"", StringComparison.Ordinal));
        Assert.Equal((0, 15, 9), (metrics["lambda_topic_reading{topic=\"crm\"}"], metrics["lambda_topic_lag{topic=\"crm\",topic_partition=\"0\"}"], metrics["lambda_topic_accepted_total{topic=\"crm\"}"]));
        Assert.Equal((0, 4, 3), (metrics["lambda_source_reading{source=\"contacts\"}"], metrics["lambda_source_pages_total{source=\"contacts\"}"], metrics["lambda_source_drift_total{source=\"contacts\"}"]));
        Assert.Equal((7, 1, 0.31), (metrics["lambda_fraud_acceptors_epoch"], metrics["lambda_fraud_decisions_mismatched"], metrics["lambda_fraud_feature_psi{feature=\"amount\"}"]));
        Assert.Contains("dotnet_process_memory_working_set_bytes", metrics.Keys);
    }

    [Fact]
    public async Task Ingest_WhenLinesAreTakenAndRefused_IsCountedByReason()
    {
        var before = await ScrapeAsync();
        _api.Parts.OnIntake = _ => new Intake.Done(3, [new RejectedLine(1, "", "unknown_type", ""), new RejectedLine(2, "", "unknown_type", "")], [new Position(0, 0)]);
        await _api.PostAsync("/v1/events", "…");
        _api.Parts.OnIntake = _ => new Intake.Busy("log", TimeSpan.FromSeconds(1));
        await _api.PostAsync("/v1/events", "…");
        await Task.Delay(400); // the exporter answers a second scrape within 300 ms from its memory
        var after = await ScrapeAsync();
        // The meters belong to the process: other tests count, too.
        Assert.True(Grown("lambda_ingest_events_accepted_total") >= 3);
        Assert.True(Grown("lambda_ingest_events_rejected_total{reason=\"unknown_type\"}") >= 2);
        Assert.True(Grown("lambda_ingest_requests_refused_total{why=\"busy\"}") >= 1);

        double Grown(string name) => after[name] - before.GetValueOrDefault(name);
    }

    [SkippableFact]
    public async Task Metrics_WhenPromtoolReadsThem_AreWellFormed()
    {
        await _api.PostAsync("/v1/events", "…");
        var text = await _api.Http.GetStringAsync("/metrics");
        var checkedBy = await Programs.RunAsync("promtool", ["check", "metrics"], text);
        Skip.If(checkedBy is null, "promtool is not installed (Debian: apt-get install prometheus)");
        Assert.True(checkedBy is { ExitCode: 0, Error: "" }, checkedBy!.ToString());
    }

    /// <summary>Samples by name and labels; the labels that the exporter adds to all are left out.</summary>
    private async Task<Dictionary<string, double>> ScrapeAsync()
    {
        var text = await _api.Http.GetStringAsync("/metrics");
        return text.Split('\n').Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Replace(",otel_scope_name=\"Lambda.Engine\"", "", StringComparison.Ordinal)).Select(Sample).ToDictionary();

        static KeyValuePair<string, double> Sample(string line)
        {
            var at = line.LastIndexOf(' ');
            var labels = System.Text.RegularExpressions.Regex.Replace(line[..at], "otel_scope_name=\"[^\"]*\",?", "").Replace("{}", "", StringComparison.Ordinal);
            return new(labels, double.Parse(line[(at + 1)..], CultureInfo.InvariantCulture));
        }
    }
}
