using Lambda.Cluster.Monitoring;
using Lambda.Cluster.Options;
using Lambda.Serving;

namespace Lambda.Cluster;

/// <summary>An engine with its API in this process.</summary>
internal sealed class Host : IAsyncDisposable
{
    private static readonly TimeSpan ReadyPoll = TimeSpan.FromMilliseconds(20);

    private readonly ApiServer _api;
    private readonly MetricsExport _metrics;

    private Host(ApiServer api, IEngine engine, MetricsExport metrics) => (_api, Engine, _metrics) = (api, engine, metrics);

    public IEngine Engine { get; }
    public Uri Url => _api.Url;

    /// <summary>Listens first (a taken port is told before anything is opened), then starts the engine; returns when it is ready.</summary>
    /// <exception cref="PortTakenException"/>
    public static async Task<Host> StartAsync(LambdaOptions options, TimeProvider time, Action<string> log, CancellationToken cancel)
    {
        var api = await ApiServer.StartAsync(options.Port, (what, e) => log($"error: {what}: {e}"), cancel);
        try
        {
            var engine = await Engines.StartAsync(options, time, log, cancel);
            var metrics = new MetricsExport(engine.Status, engine.Runs, engine.Operations, time);
            api.Attach(new ServingParts(engine.Intake, engine.Reads, engine.Runs, engine.Status, engine.Definitions, engine.Quarantine, engine.Imports, engine.Operations, time) { Metrics = metrics.Scrape, Models = engine.Models });
            while (!engine.Status.IsReady && !engine.Faulted.IsCompleted) await Task.Delay(ReadyPoll, cancel);
            return new Host(api, engine, metrics);
        }
        catch
        {
            await api.DisposeAsync();
            throw;
        }
    }

    public async Task StopAsync(CancellationToken hurry)
    {
        await Engine.HandOverAsync(hurry);
        await _api.StopAsync(hurry);
        await Engine.StopAsync(hurry);
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        _metrics.Dispose();
        await Engine.DisposeAsync();
    }
}
