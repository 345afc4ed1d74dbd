namespace Lambda.Warehouse.Local.Engine;

/// <summary>
/// Connections to the engine: so many statements run at once, others wait in line, and a line too long is refused. Connections are
/// opened when first needed and kept.
/// </summary>
internal sealed class ConnectionPool : IAsyncDisposable
{
    private readonly IReadOnlyList<string> _arguments;
    private readonly SemaphoreSlim _running;
    private readonly int _size;
    private readonly List<ConnectionThread> _idle = [];
    private readonly HashSet<Task> _closing = [];
    private readonly Lock _gate = new();
    private int _waiting;

    internal ConnectionPool(IReadOnlyList<string> arguments, int size)
    {
        (_arguments, _size) = (arguments, size);
        _running = new SemaphoreSlim(size, size);
    }

    /// <summary>Runs the work on a connection set up as the profile says.</summary>
    /// <exception cref="QueryError">The work's own, or the line is full.</exception>
    internal async Task<T> RunAsync<T>(Profile profile, Func<ConnectionScope, T> work, CancellationToken cancel)
    {
        await EnterAsync(cancel);
        try
        {
            var thread = await TakeAsync(profile.Database.Length > 0 ? profile.Database : "default");
            var dirty = true;
            try
            {
                return await thread.RunAsync(connection =>
                {
                    var scope = new ConnectionScope(connection, profile, isSession: false);
                    try
                    {
                        return RunScoped(scope, work);
                    }
                    finally
                    {
                        dirty = scope.IsDirty;
                    }
                });
            }
            finally
            {
                GiveBack(thread, dirty);
            }
        }
        finally
        {
            _running.Release();
        }
    }

    /// <summary>Runs the work on a session's connection; it counts as one of the running statements.</summary>
    internal async Task<T> RunAsync<T>(ConnectionThread session, Profile profile, Func<ConnectionScope, T> work, CancellationToken cancel)
    {
        await EnterAsync(cancel);
        try
        {
            return await session.RunAsync(connection => RunScoped(new ConnectionScope(connection, profile, isSession: true), work));
        }
        finally
        {
            _running.Release();
        }
    }

    internal Task<ConnectionThread> OpenAsync(string name) => ConnectionThread.OpenAsync(_arguments, name);

    /// <summary>Waits for what runs, up to the grace; then closes every idle connection.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < _size; i++)
            if (!await _running.WaitAsync(Limits.ShutdownGrace))
                break;
        Task[] closing;
        lock (_gate)
        {
            closing = [.. _idle.Select(static c => c.CloseAsync()), .. _closing];
            _idle.Clear();
        }
        await Task.WhenAll(closing);
    }

    private static T RunScoped<T>(ConnectionScope scope, Func<ConnectionScope, T> work)
    {
        try
        {
            scope.Enter();
            return work(scope);
        }
        finally
        {
            scope.Leave();
        }
    }

    private async Task EnterAsync(CancellationToken cancel)
    {
        if (_running.Wait(0, CancellationToken.None))
            return;
        if (Interlocked.Increment(ref _waiting) > Limits.WaitingRequests)
        {
            Interlocked.Decrement(ref _waiting);
            throw QueryError.Of(202, "TOO_MANY_SIMULTANEOUS_QUERIES",
                $"Too many simultaneous queries: {_size} run and {Limits.WaitingRequests} wait.");
        }
        try
        {
            await _running.WaitAsync(cancel);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private async Task<ConnectionThread> TakeAsync(string database)
    {
        lock (_gate)
        {
            if (_idle.Count > 0)
            {
                var index = _idle.FindLastIndex(c => c.Database == database);
                var found = _idle[index < 0 ? ^1 : index];
                _idle.Remove(found);
                return found;
            }
        }
        return await OpenAsync("chdb");
    }

    private void GiveBack(ConnectionThread thread, bool dirty)
    {
        lock (_gate)
        {
            if (!dirty)
            {
                _idle.Add(thread);
                return;
            }
            var closing = thread.CloseAsync();
            _closing.Add(closing);
            _ = closing.ContinueWith(done =>
            {
                lock (_gate)
                    _closing.Remove(done);
            }, TaskScheduler.Default);
        }
    }
}
