using Lambda.BatchLayer.Privacy;
using Lambda.Serving.Export;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Privacy;

/// <summary>The exports that Lambda wrote into its folder or bucket.</summary>
internal sealed class ExportErasure(ExportJobs exports) : IErasable
{
    public string Store => "exports";

    public async Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel)
    {
        try
        {
            var forgotten = await exports.ForgetAsync(target.Person, target.CleanedAtMs, cancel);
            return new Removal(forgotten.Deleted, forgotten.Waits, forgotten.OutOfReach is { Count: > 0 } files ? $"their nodes did not come back for a day; delete there: {string.Join(", ", files)}" : "");
        }
        catch (EngineUnavailableException e)
        {
            return new Removal(0, e.Message);
        }
    }
}
