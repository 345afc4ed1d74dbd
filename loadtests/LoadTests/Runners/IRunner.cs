using Lambda.Load;
using Lambda.LoadTests.Flows;

namespace Lambda.LoadTests.Runners;

/// <summary>Sends flows of requests.</summary>
internal interface IRunner
{
    string Name { get; }

    /// <summary>All flows side by side for <paramref name="time"/>.</summary>
    /// <returns>A report a flow, in their order.</returns>
    Task<IReadOnlyList<LoadReport>> RunAsync(IReadOnlyList<Uri> urls, IReadOnlyList<RatedFlow> flows, TimeSpan time, ulong seed, CancellationToken cancel);
}

internal static class Runner
{
#if NBOMBER
    public static readonly IReadOnlyList<IRunner> All = [new NBomberLoad(), new OpenLoopRunner()];
#else
    public static readonly IReadOnlyList<IRunner> All = [new OpenLoopRunner()];
#endif
}
