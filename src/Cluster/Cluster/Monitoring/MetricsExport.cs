using Lambda.Serving.Metrics;
using Lambda.Serving.Ports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Lambda.Cluster.Monitoring;

/// <summary>
/// Everything that is measured, in Prometheus' text format: OpenTelemetry collects the engine's instruments, those of ASP.NET Core (requests, connections) and of the runtime.
/// The instruments themselves need no package; only this file knows the exporter.
/// </summary>
internal sealed class MetricsExport : IDisposable
{
    /// <summary>Seconds. The goals are at 2 ms and below, an overload at seconds.</summary>
    private static readonly double[] LatencyBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

    /// <summary>Of the runtime; gauges that end in `count` are refused by promtool, and nobody needs these.</summary>
    private static readonly HashSet<string> MisnamedOnes = ["dotnet.assembly.count", "dotnet.timer.count", "dotnet.process.cpu.count"];

    private static readonly ServiceProvider NoServices = new ServiceCollection().BuildServiceProvider();

    private readonly EngineMetrics _engine;
    private readonly FraudModelMetrics _fraud;
    private readonly MeterProvider _provider;

    public MetricsExport(IEngineStatus status, IBatchRuns runs, IOperations operations, IFraudModels fraud, TimeProvider time)
    {
        _engine = new EngineMetrics(status, runs, operations, time);
        _fraud = new FraudModelMetrics(fraud);
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.Clear().AddService("lambda", serviceInstanceId: operations.Node))
            .AddMeter(EngineMetrics.MeterName, IngestMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
            .AddView("http.server.request.duration", new ExplicitBucketHistogramConfiguration { Boundaries = LatencyBuckets })
            .AddView(instrument => MisnamedOnes.Contains(instrument.Name) ? MetricStreamConfiguration.Drop : null)
            .AddPrometheusExporter()
            .Build();
        Scrape = new ApplicationBuilder(NoServices).UseOpenTelemetryPrometheusScrapingEndpoint(_provider, _ => true, null, null, null).Build();
    }

    /// <summary>Answers a scrape, wherever it was routed.</summary>
    public RequestDelegate Scrape { get; }

    public void Dispose()
    {
        _provider.Dispose();
        _engine.Dispose();
        _fraud.Dispose();
    }
}
