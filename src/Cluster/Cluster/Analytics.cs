using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Export;
using Lambda.Cluster.Options;
using Lambda.Serving.Export;
using Lambda.Serving.Search;

namespace Lambda.Cluster;

/// <summary>What both editions answer about all customers at once: searches, exports and their jobs, over the warehouse.</summary>
internal sealed class Analytics : IAsyncDisposable
{
    private static readonly TimeSpan ForgottenEvery = TimeSpan.FromSeconds(15);

    private readonly ExportTargets _targets;
    private readonly Loop _forgotten;

    public Analytics(
        WarehouseConnection house, EngineDefinitions definitions, InstallationFacts facts, IFacts stored, LambdaOptions options, string node, TimeProvider time, Action<string, Exception> onError)
    {
        _targets = new ExportTargets(options);
        var reads = house.PopulationReads(definitions.ByPrefix, time);
        Parts = new PopulationParts(reads, facts.CursorKey(), new ExportJobs(reads, _targets, new FactsExportJournal(stored), node, time, onError), house.AnalystSql(reads, options.WarehouseAnalyst));
        _forgotten = new Loop("erased exports", DeleteForgottenAsync, onError);
    }

    public PopulationParts Parts { get; }

    public async ValueTask DisposeAsync()
    {
        await _forgotten.DisposeAsync();
        await Parts.Exports.DisposeAsync();
        _targets.Dispose();
    }

    private async Task<TimeSpan> DeleteForgottenAsync(CancellationToken cancel)
    {
        await Parts.Exports.DeleteForgottenAsync(cancel);
        return ForgottenEvery;
    }
}
