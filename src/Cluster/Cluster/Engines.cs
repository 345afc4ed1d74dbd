using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;

namespace Lambda.Cluster;

/// <summary>The runtimes that can carry an engine.</summary>
internal static class Engines
{
    /// <summary>Returns when every partition has recovered.</summary>
    public static async Task<IEngine> StartAsync(LambdaOptions options, TimeProvider time, Action<string> log, CancellationToken cancel)
    {
        var once = new RepeatFilter(log, time);
        void OnError(string where, Exception e) => once.Say($"error: {where}: {e.GetType().Name}: {e.Message}");
        if (options is { Runtime: LambdaOptions.EmbeddedRuntime, Topics: not null }) throw new OptionsException("topics: only the cluster edition reads topics; expected none, or runtime: cluster");
        if (options.Runtime == LambdaOptions.EmbeddedRuntime) return await EmbeddedEngine.StartAsync(options, OnError, time, cancel);
#if CLUSTER_RUNTIME && KAFKA
        return await Clustered.ClusterEngine.StartAsync(options, OnError, time, cancel);
#else
        throw new OptionsException("runtime: this build has no cluster edition, because the package feeds lacked Akka.NET or Confluent.Kafka when it was built; expected embedded");
#endif
    }

    /// <summary>A part that fails is tried again for ever; its message is told once, then every minute with how often it came.</summary>
    private sealed class RepeatFilter(Action<string> log, TimeProvider time)
    {
        private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
        private readonly Dictionary<string, (long At, long Times)> _told = [];

        public void Say(string text)
        {
            lock (_told)
            {
                var known = _told.TryGetValue(text, out var last);
                if (known && time.GetElapsedTime(last.At) < Every)
                {
                    _told[text] = (last.At, last.Times + 1);
                    return;
                }
                if (_told.Count > 1_000) _told.Clear();
                _told[text] = (time.GetTimestamp(), 0);
                log(known && last.Times > 0 ? $"{text} (and {last.Times} times more since)" : text);
            }
        }
    }
}
