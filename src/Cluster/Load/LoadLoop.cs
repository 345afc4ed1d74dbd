using System.Diagnostics;
using System.Text;
using HdrHistogram;

namespace Lambda.Load;

/// <summary>
/// Loads an installation over many connections from one thread. Closed loop: every connection sends its next request when the last was answered. Open loop:
/// requests are due at times drawn beforehand (Poisson), whether or not earlier ones were answered, and latency counts from the due time: what a slow or absent
/// server makes wait is not left out. A connection that is lost is made anew, to the next URL, as soon as somebody listens there.
/// </summary>
internal sealed class LoadLoop
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20); // for answers outstanding at the end
    private static readonly TimeSpan ReconnectEvery = TimeSpan.FromMilliseconds(20);

    private readonly IReadOnlyList<Uri> _urls;
    private readonly ILoad _load;
    private readonly HttpConnection?[] _connections; // null: nobody listens
    private readonly Poll.Entry[] _entries;
    private readonly Stack<int> _idle = new();
    private readonly Queue<int> _down = new();
    private readonly LongHistogram _latency = LoadReport.NewHistogram();
    private readonly Timeline _timeline = new();
    private long _requests, _failed, _lost, _begin, _reconnectAt;
    private int _nextUrl;
    private bool _isExhausted;
    private string? _firstFailure;

    private LoadLoop(IReadOnlyList<Uri> urls, int connections, ILoad load)
    {
        (_urls, _load) = (urls, load);
        _connections = new HttpConnection?[connections];
        _entries = new Poll.Entry[connections];
        for (var i = connections - 1; i >= 0; i--) Connect(i);
    }

    /// <summary>As fast as answers come, for <paramref name="time"/> or until the load has nothing more.</summary>
    public static Task<LoadReport> ClosedAsync(Uri url, int connections, ILoad load, TimeSpan time, CancellationToken cancel) => ClosedAsync([url], connections, load, time, cancel);

    public static Task<LoadReport> ClosedAsync(IReadOnlyList<Uri> urls, int connections, ILoad load, TimeSpan time, CancellationToken cancel) =>
        OnOwnThread(urls, connections, load, loop => loop.Closed(time, cancel));

    /// <summary>So many requests a second on average, answered or not.</summary>
    public static Task<LoadReport> OpenAsync(Uri url, int connections, ILoad load, double perSecond, TimeSpan time, ulong seed, CancellationToken cancel) =>
        OpenAsync([url], connections, load, _ => perSecond, time, seed, cancel);

    /// <param name="perSecond">The rate at a time since the beginning.</param>
    public static Task<LoadReport> OpenAsync(
        IReadOnlyList<Uri> urls, int connections, ILoad load, Func<TimeSpan, double> perSecond, TimeSpan time, ulong seed, CancellationToken cancel) =>
        OnOwnThread(urls, connections, load, loop => loop.Open(perSecond, time, seed, cancel));

    private static Task<LoadReport> OnOwnThread(IReadOnlyList<Uri> urls, int connections, ILoad load, Func<LoadLoop, LoadReport> run) => Task.Factory.StartNew(
        () =>
        {
            Poll.BePunctual();
            var loop = new LoadLoop(urls, connections, load);
            try
            {
                return run(loop);
            }
            finally
            {
                foreach (var connection in loop._connections) connection?.Dispose();
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private LoadReport Closed(TimeSpan time, CancellationToken cancel)
    {
        _begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(_begin) is var at && at < time && !cancel.IsCancellationRequested)
        {
            while (!_isExhausted && _idle.TryPop(out var i)) Send(i, Stopwatch.GetTimestamp());
            if (_isExhausted && IsQuiet) break;
            Wait(time - at);
        }
        Drain();
        return Report();
    }

    private LoadReport Open(Func<TimeSpan, double> perSecond, TimeSpan time, ulong seed, CancellationToken cancel)
    {
        var gaps = new Arrivals(perSecond, seed);
        var waiting = new Queue<long>();
        _begin = Stopwatch.GetTimestamp();
        var end = _begin + (long)(time.TotalSeconds * Stopwatch.Frequency);
        for (var due = _begin; !cancel.IsCancellationRequested;)
        {
            var now = Stopwatch.GetTimestamp();
            for (; due <= now && due < end; due += gaps.Next(Stopwatch.GetElapsedTime(_begin, due))) waiting.Enqueue(due);
            while (waiting.Count > 0 && !_isExhausted && _idle.TryPop(out var i)) Send(i, waiting.Dequeue());
            if ((due >= end && waiting.Count == 0) || (_isExhausted && IsQuiet)) break; // the rest was never there to be sent
            if (now > end + Stopwatch.Frequency * (long)Patience.TotalSeconds) break;
            Wait(waiting.Count > 0 || due >= end ? TimeSpan.FromMilliseconds(100) : Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due));
        }
        Drain();
        if (!_isExhausted && !cancel.IsCancellationRequested)
            for (var unsent = waiting.Count; unsent > 0; unsent--) Fail("never sent: every connection was waiting");
        return Report();
    }

    private bool IsQuiet => _idle.Count + _down.Count == _connections.Length;

    private void Drain()
    {
        var since = Stopwatch.GetTimestamp();
        while (!IsQuiet && Stopwatch.GetElapsedTime(since) < Patience) Wait(TimeSpan.FromMilliseconds(100));
        foreach (var connection in _connections)
            if (connection is { IsBusy: true }) Lose(connection, "no answer");
    }

    private LoadReport Report() => new(_requests, _failed, Stopwatch.GetElapsedTime(_begin), _latency, _firstFailure) { Lost = _lost, Seconds = _timeline.Seconds() };

    private void Send(int i, long since)
    {
        var connection = _connections[i]!;
        connection.Request.Clear();
        var token = _load.Next(connection.Request);
        if (token < 0)
        {
            _isExhausted = true;
            _idle.Push(i);
            return;
        }
        (connection.Token, connection.Since) = (token, since);
        Try(i, static (_, connection) => connection.Begin());
    }

    private void Wait(TimeSpan atMost)
    {
        if (_down.Count > 0 && atMost > ReconnectEvery) atMost = ReconnectEvery;
        Poll.Wait(_entries, atMost < TimeSpan.Zero ? TimeSpan.Zero : atMost);
        for (var i = 0; i < _entries.Length; i++)
        {
            if (_entries[i].Happened == 0 || _connections[i] is null) continue;
            var happened = _entries[i].Happened;
            if ((happened & Poll.Out) != 0) Try(i, static (_, connection) => connection.Send());
            if ((happened & ~Poll.Out) != 0 && _connections[i] is not null) Try(i, static (loop, connection) => loop.Receive(connection));
        }
        Reconnect();
    }

    private void Receive(HttpConnection connection)
    {
        if (!connection.IsBusy) throw new IOException("a response nobody asked for, or the connection was closed");
        if (!connection.Receive()) return;
        var latency = Math.Clamp((long)Stopwatch.GetElapsedTime(connection.Since).TotalNanoseconds, 1, _latency.HighestTrackableValue);
        _latency.RecordValue(latency);
        _requests++;
        var isRight = _load.Accept(connection.Token, connection.Status, connection.Body);
        if (!isRight) Fail($"{connection.Status} {Encoding.UTF8.GetString(connection.Body[..Math.Min(300, connection.Body.Length)])}");
        _timeline.Add(Stopwatch.GetElapsedTime(_begin), latency, isRight);
        _isExhausted = false; // what was refused may be sent again
        _idle.Push(connection.Slot);
    }

    private void Fail(string what)
    {
        _failed++;
        _firstFailure ??= what;
    }

    private void Lose(HttpConnection connection, string why)
    {
        Fail(why);
        _lost++;
        _timeline.Add(Stopwatch.GetElapsedTime(_begin), 0, isRight: false);
        _load.Lost(connection.Token);
        _isExhausted = false;
    }

    /// <summary>A request whose connection is lost has failed: nobody knows whether it was taken. An idle connection that is closed has failed nobody.</summary>
    private void Try(int i, Action<LoadLoop, HttpConnection> act)
    {
        var connection = _connections[i]!;
        try
        {
            act(this, connection);
            _entries[i].Events = connection.IsSending ? (short)(Poll.In | Poll.Out) : Poll.In;
        }
        catch (IOException e)
        {
            if (connection.IsBusy) Lose(connection, e.Message);
            else RemoveIdle(i);
            connection.Dispose();
            Connect(i);
        }
    }

    // Rare: a server that closed a kept-alive connection.
    private void RemoveIdle(int i)
    {
        var others = _idle.Where(other => other != i).Reverse().ToArray();
        _idle.Clear();
        foreach (var other in others) _idle.Push(other);
    }

    private void Reconnect()
    {
        if (_down.Count == 0 || Stopwatch.GetTimestamp() < _reconnectAt) return;
        for (var n = _down.Count; n > 0; n--) Connect(_down.Dequeue());
        _reconnectAt = Stopwatch.GetTimestamp() + (long)(ReconnectEvery.TotalSeconds * Stopwatch.Frequency);
    }

    private void Connect(int i)
    {
        for (var tries = _urls.Count; tries > 0; tries--)
        {
            _connections[i] = HttpConnection.TryOpen(_urls[_nextUrl++ % _urls.Count], i);
            if (_connections[i] is not { } connection) continue;
            _entries[i] = new Poll.Entry { Descriptor = connection.Descriptor, Events = Poll.In };
            _idle.Push(i);
            return;
        }
        _entries[i] = new Poll.Entry { Descriptor = -1 }; // which poll passes over
        _down.Enqueue(i);
    }
}
