using Lambda.BatchLayer.Privacy;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Privacy;

/// <summary>The customer's cases with everything that analysts wrote of them.</summary>
internal sealed class CaseErasure(IFraudCases cases) : IErasable
{
    public string Store => "cases";

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel) => Task.FromResult(new Removal(cases.Forget(target.Person, target.Offset)));
}
