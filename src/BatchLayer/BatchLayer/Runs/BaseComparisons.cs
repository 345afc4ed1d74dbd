using Lambda.BatchLayer.Ports;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.BatchLayer.Runs;

/// <summary>A partition's new base held against what it serves, where base files and checkpoints can be read.</summary>
public static class BaseComparisons
{
    /// <param name="old">The base that is served; null before the first publication.</param>
    /// <param name="file">The new base.</param>
    public static BaseComparison Compare(
        SpeedPorts ports, IBaseStore bases, IBaseView? old, int partition, long epoch, Publication served, CompiledView view, Artefact file, int lastPrunedDay,
        CancellationToken cancel)
    {
        var active = ports.Views.ByHash(served.DefinitionHash);
        var at = new Epochs(served.Epoch, epoch, active, active.Definition.Hash == view.Definition.Hash ? null : view);
        var computed = bases.Open(file);
        if (old is not null && !old.TryAcquire()) throw new InvalidOperationException($"partition {partition}: base {served.Epoch} was retired while a run compared with it");
        try
        {
            var comparer = new BaseComparer(at, view, lastPrunedDay, ports.Views);
            var (compared, differing) = comparer.Compare(old?.Scan() ?? [], ports.Checkpoints.Scan(partition), computed.Scan(), cancel);
            return new BaseComparison(compared, differing);
        }
        finally
        {
            old?.Release();
            bases.Retire(computed);
        }
    }
}
