using Lambda.Cluster.Fraud;
using Lambda.Cluster.Monitoring;
using Lambda.Cluster.Options;
using Lambda.Domain.Events;
using Lambda.Serving;
using Lambda.Serving.Security;

namespace Lambda.Cluster;

/// <summary>An engine with its API in this process.</summary>
internal sealed class Host : IAsyncDisposable
{
    private static readonly TimeSpan ReadyPoll = TimeSpan.FromMilliseconds(20);

    private readonly ApiServer _api;
    private readonly MetricsExport _metrics;
    private readonly Guard _guard;

    private Host(ApiServer api, IEngine engine, MetricsExport metrics, Guard guard, string? firstKey) => (_api, Engine, _metrics, _guard, FirstKey) = (api, engine, metrics, guard, firstKey);

    public IEngine Engine { get; }
    public Uri Url => _api.Url;

    /// <summary>The key that was made at this start because there was none; it is kept nowhere else.</summary>
    public string? FirstKey { get; }

    /// <summary>Listens first (a taken port is told before anything is opened), then starts the engine; returns when it is ready.</summary>
    /// <exception cref="PortTakenException"/>
    public static async Task<Host> StartAsync(LambdaOptions options, TimeProvider time, Action<string> write, CancellationToken cancel)
    {
        void Log(string text) => write(PanMasker.Mask(text)); // errors repeat what was sent
        var log = Log;
        void OnError(string what, Exception e) => log($"error: {what}: {e}");
        _ = SecretReader.Read("audit_key", options.AuditKey, Environment.GetEnvironmentVariable); // a wrong option is told before anything is opened
        _ = SecretReader.Read("webhook_key", options.WebhookKey, Environment.GetEnvironmentVariable);
        _ = Policies.Read(options.FraudPolicy);
        if (options.FraudRules is { } rules) _ = FraudRuleBook.ReadFile(rules);
        var api = await ApiServer.StartAsync(Listening.Of(options), OnError, cancel);
        try
        {
            var engine = await Engines.StartAsync(options, time, log, cancel);
            var metrics = new MetricsExport(engine.Status, engine.Runs, engine.Operations, engine.FraudModels, time);
            var guard = Guards.Open(options, engine, time, (where, e) => log($"error: {where}: {e.Message}"));
            var firstKey = await Guards.BeginAsync(guard, options, time);
            api.Attach(new ServingParts(engine.Intake, engine.Reads, engine.Runs, engine.Status, engine.Definitions, engine.Quarantine, engine.Imports, engine.Operations, time)
            {
                Metrics = metrics.Scrape, Models = engine.Models, FraudModels = engine.FraudModels, Erasures = engine.Erasures, Authorizations = engine.Authorizations, AuthorizationRecords = engine.AuthorizationRecords, Replay = engine.Replay, FraudRules = engine.FraudRules, RuleBacktest = engine.RuleBacktest, Cases = engine.Cases, Identity = engine.Identity, Cards = engine.Cards, Identifiers = engine.Identifiers, Guard = guard, Population = engine.Population, Segments = engine.Segments,
            });
            while (!engine.Status.IsReady && !engine.Faulted.IsCompleted) await Task.Delay(ReadyPoll, cancel);
            return new Host(api, engine, metrics, guard, firstKey);
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
        await _guard.DisposeAsync(); // before the stores under it
        await Engine.StopAsync(hurry);
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        _metrics.Dispose();
        await _guard.DisposeAsync();
        await Engine.DisposeAsync();
    }
}
