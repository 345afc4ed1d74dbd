using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;

namespace Lambda.Cluster;

/// <summary>The runtimes that can carry an engine.</summary>
internal static class Engines
{
    /// <summary>Returns when every partition has recovered.</summary>
    public static async Task<IEngine> StartAsync(LambdaOptions options, TimeProvider time, Action<string> log, CancellationToken cancel) =>
        await EmbeddedEngine.StartAsync(options, (where, e) => log($"error: {where}: {e.GetType().Name}: {e.Message}"), time, cancel);
}
