namespace Lambda.Warehouse.Local.Engine;

/// <summary>What a request says of its session.</summary>
/// <param name="MustExist">session_check=1: refuse instead of making it.</param>
/// <param name="Close">End it after this request.</param>
internal sealed record SessionRequest(string Id, TimeSpan Timeout, bool MustExist, bool Close);

/// <summary>
/// ClickHouse's HTTP sessions: a connection that keeps settings and temporary tables between requests, until it is idle too long.
/// </summary>
internal sealed class SessionStore : IAsyncDisposable
{
    private readonly ConnectionPool _pool;
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly Timer _sweep;

    internal SessionStore(ConnectionPool pool)
    {
        _pool = pool;
        _sweep = new Timer(_ => CloseExpired(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <exception cref="QueryError">The session is busy, missing, or there are too many.</exception>
    internal async Task<T> RunAsync<T>(SessionRequest request, Profile profile, Func<ConnectionScope, T> work, CancellationToken cancel)
    {
        var session = Enter(request);
        try
        {
            session.Connection ??= await _pool.OpenAsync("chdb-session");
            return await _pool.RunAsync(session.Connection, profile, work, cancel);
        }
        finally
        {
            await LeaveAsync(request, session);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        Session[] all;
        lock (_gate)
        {
            all = [.. _sessions.Values];
            _sessions.Clear();
        }
        await Task.WhenAll(all.Select(static s => s.Connection?.CloseAsync() ?? Task.CompletedTask));
    }

    private Session Enter(SessionRequest request)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(request.Id, out var session))
            {
                if (request.MustExist)
                    throw QueryError.Of(372, "SESSION_NOT_FOUND", $"Session {request.Id} not found.");
                if (_sessions.Count >= Limits.Sessions)
                    throw QueryError.Of(202, "TOO_MANY_SIMULTANEOUS_QUERIES", $"There are {Limits.Sessions} sessions already.");
                session = _sessions[request.Id] = new Session();
            }
            if (session.IsBusy)
                throw QueryError.Of(373, "SESSION_IS_LOCKED", $"Session {request.Id} is locked by a concurrent client.");
            session.IsBusy = true;
            return session;
        }
    }

    private async Task LeaveAsync(SessionRequest request, Session session)
    {
        lock (_gate)
        {
            session.IsBusy = false;
            session.ExpiresAt = Environment.TickCount64 + (long)request.Timeout.TotalMilliseconds;
            if (session.Connection == null || request.Close)
                _sessions.Remove(request.Id);
        }
        if (request.Close && session.Connection != null)
            await session.Connection.CloseAsync();
    }

    private void CloseExpired()
    {
        var now = Environment.TickCount64;
        lock (_gate)
            foreach (var (id, session) in _sessions.Where(s => !s.Value.IsBusy && s.Value.ExpiresAt < now).ToArray())
            {
                _sessions.Remove(id);
                _ = session.Connection?.CloseAsync();
            }
    }

    private sealed class Session
    {
        internal ConnectionThread? Connection;
        internal bool IsBusy;
        internal long ExpiresAt;
    }
}
