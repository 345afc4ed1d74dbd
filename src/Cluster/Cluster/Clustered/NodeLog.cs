#if CLUSTER_RUNTIME && KAFKA
using Microsoft.Extensions.Logging;

namespace Lambda.Cluster.Clustered;

/// <summary>What the actor system has to say, to where the engine's errors go.</summary>
internal sealed class NodeLog(Action<string, Exception> onError) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Teller(onError);

    public void Dispose() { }

    private sealed class Teller(Action<string, Exception> onError) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var text = formatter(state, exception);
            if (logLevel == LogLevel.Warning && Array.Exists(Usual, text.Contains)) return;
            onError("cluster", new NodeLogException(exception is null ? text : $"{text}: {exception.Message}"));
        }
    }

    /// <summary>Warnings of waiting for each other, as at every start and move: status and reachability tell it better.</summary>
    private static readonly string[] Usual = ["/system/sharding/", "-proxy]", "/system/endpointManager/", "(akka://lambda)] Tried to associate"];

    private sealed class NodeLogException(string message) : Exception(message);
}
#endif
