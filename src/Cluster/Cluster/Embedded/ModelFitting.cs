using Lambda.BatchLayer.Models;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Embedded;

/// <summary>Fits models in a thread of low priority, beside everything else: neither answers nor runs wait for it.</summary>
internal sealed class ModelFitting(LifetimeModels models) : IModels, IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly BackgroundThread _thread = new("lambda-models");

    public LifetimeModel? Lifetime => models.Current;

    public (long Epoch, string Reason)? LifetimeFailure => models.Failure is { } failure ? (failure.Epoch, failure.Reason) : null;

    /// <summary>Fits what is served, if it was not yet.</summary>
    public async Task<TimeSpan> StepAsync(Publication served, CancellationToken cancel)
    {
        await _thread.RunAsync(() => models.StepAsync(served, cancel));
        return Every;
    }

    /// <summary>Takes over what the node fitted that drives runs.</summary>
    public async Task<TimeSpan> RefreshAsync()
    {
        await _thread.RunAsync(() =>
        {
            models.Refresh();
            return Task.FromResult(true);
        });
        return Every;
    }

    public void Dispose() => _thread.Dispose();
}
