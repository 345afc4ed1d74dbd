using Microsoft.Extensions.Logging;

namespace Lambda.Serving.Http;

/// <summary>What the web server itself has to complain about, errors only: they are bugs of ours, and invisible otherwise.</summary>
internal sealed class ErrorLog(Action<string, Exception> onError) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) onError("web server", exception ?? new InvalidOperationException(formatter(state, exception)));
    }

    public void Dispose() { }
}
