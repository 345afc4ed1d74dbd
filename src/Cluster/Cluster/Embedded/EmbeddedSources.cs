using Lambda.Cluster.Sources;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Embedded;

/// <summary>Polled sources of the embedded edition: a loop each.</summary>
internal sealed class EmbeddedSources : IAsyncDisposable
{
    private readonly SourceRun[] _runs;
    private readonly Loop?[] _loops;
    private readonly Action<string, Exception> _onError;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private bool _disposed;

    public EmbeddedSources(PolledSources sources, Action<string, Exception> onError)
    {
        _onError = onError;
        _runs = [.. sources.Names.Select(sources.Open)];
        _loops = new Loop?[_runs.Length];
    }

    public IReadOnlyList<SourceStatus> Now => [.. _runs.Select(r => r.Status)];

    public void Start()
    {
        for (var i = 0; i < _runs.Length; i++) Start(i);
    }

    /// <returns>Null when no such source is polled.</returns>
    public async Task<SourceStatus?> ResetAsync(string name, CancellationToken cancel)
    {
        var at = Array.FindIndex(_runs, r => r.Name == name);
        if (at < 0) return null;
        await _gate.WaitAsync(cancel);
        try
        {
            if (_disposed) throw new EngineUnavailableException("Lambda is stopping", TimeSpan.FromSeconds(5));
            if (_loops[at] is { } loop) await loop.DisposeAsync();
            try
            {
                _runs[at].Forget();
            }
            finally
            {
                Start(at);
            }
            return _runs[at].Status;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        _disposed = true;
        foreach (var loop in _loops)
            if (loop is not null) await loop.DisposeAsync();
        foreach (var run in _runs) run.Dispose();
        _gate.Release();
    }

    private void Start(int at) => _loops[at] = new Loop($"source {_runs[at].Name}", async cancel =>
    {
        await _runs[at].RunAsync(cancel);
        return TimeSpan.Zero;
    }, _onError);
}
