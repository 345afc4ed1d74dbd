using System.Diagnostics;
using System.Text;
using HdrHistogram;

namespace Lambda.Cluster.Bench.Load;

/// <summary>
/// Loads one URL over many connections from one thread. Closed loop: every connection sends its next request when the last was answered. Open loop:
/// requests are due at times drawn beforehand (Poisson), whether or not earlier ones were answered, and latency counts from the due time: what a slow
/// server makes wait is not left out.
/// </summary>
internal sealed class LoadLoop
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20); // for answers outstanding at the end

    private readonly Uri _url;
    private readonly ILoad _load;
    private readonly HttpConnection[] _connections;
    private readonly Poll.Entry[] _entries;
    private readonly Stack<int> _idle = new();
    private readonly LongHistogram _latency = LoadReport.NewHistogram();
    private long _requests, _failed;
    private bool _isExhausted;
    private string? _firstFailure;

    private LoadLoop(Uri url, int connections, ILoad load)
    {
        (_url, _load) = (url, load);
        _connections = [.. Enumerable.Range(0, connections).Select(_ => new HttpConnection(url))];
        _entries = [.. _connections.Select(c => new Poll.Entry { Descriptor = c.Descriptor, Events = Poll.In })];
        for (var i = connections - 1; i >= 0; i--) _idle.Push(i);
    }

    /// <summary>As fast as answers come, for <paramref name="time"/> or until the load has nothing more.</summary>
    public static Task<LoadReport> ClosedAsync(Uri url, int connections, ILoad load, TimeSpan time, CancellationToken cancel) =>
        OnOwnThread(url, connections, load, loop => loop.Closed(time, cancel));

    /// <summary>So many requests a second on average, answered or not.</summary>
    public static Task<LoadReport> OpenAsync(Uri url, int connections, ILoad load, double perSecond, TimeSpan time, ulong seed, CancellationToken cancel) =>
        OnOwnThread(url, connections, load, loop => loop.Open(perSecond, time, seed, cancel));

    private static Task<LoadReport> OnOwnThread(Uri url, int connections, ILoad load, Func<LoadLoop, LoadReport> run) => Task.Factory.StartNew(
        () =>
        {
            Poll.BePunctual();
            var loop = new LoadLoop(url, connections, load);
            try
            {
                return run(loop);
            }
            finally
            {
                foreach (var connection in loop._connections) connection.Dispose();
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private LoadReport Closed(TimeSpan time, CancellationToken cancel)
    {
        var begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) is var at && at < time && !cancel.IsCancellationRequested)
        {
            while (!_isExhausted && _idle.TryPop(out var i)) Send(i, Stopwatch.GetTimestamp());
            if (_isExhausted && IsQuiet) break;
            Wait(time - at);
        }
        Drain();
        return Report(begin);
    }

    private LoadReport Open(double perSecond, TimeSpan time, ulong seed, CancellationToken cancel)
    {
        var gaps = new Arrivals(perSecond, seed);
        var waiting = new Queue<long>();
        var begin = Stopwatch.GetTimestamp();
        var end = begin + (long)(time.TotalSeconds * Stopwatch.Frequency);
        for (var due = begin; !cancel.IsCancellationRequested;)
        {
            var now = Stopwatch.GetTimestamp();
            for (; due <= now && due < end; due += gaps.Next()) waiting.Enqueue(due);
            while (waiting.Count > 0 && !_isExhausted && _idle.TryPop(out var i)) Send(i, waiting.Dequeue());
            if ((due >= end && waiting.Count == 0) || (_isExhausted && IsQuiet)) break; // the rest was never there to be sent
            if (now > end + Stopwatch.Frequency * (long)Patience.TotalSeconds) break;
            Wait(waiting.Count > 0 || due >= end ? TimeSpan.FromMilliseconds(100) : Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due));
        }
        Drain();
        if (!_isExhausted && !cancel.IsCancellationRequested)
            for (var unsent = waiting.Count; unsent > 0; unsent--) Fail("never sent: every connection was waiting");
        return Report(begin);
    }

    private bool IsQuiet => _idle.Count == _connections.Length;

    private void Drain()
    {
        var since = Stopwatch.GetTimestamp();
        while (!IsQuiet && Stopwatch.GetElapsedTime(since) < Patience) Wait(TimeSpan.FromMilliseconds(100));
        for (var lost = _connections.Length - _idle.Count; lost > 0; lost--) Fail("no answer");
    }

    private LoadReport Report(long begin) => new(_requests, _failed, Stopwatch.GetElapsedTime(begin), _latency, _firstFailure);

    private void Send(int i, long since)
    {
        var connection = _connections[i];
        connection.Request.Clear();
        var token = _load.Next(connection.Request);
        if (token < 0)
        {
            _isExhausted = true;
            _idle.Push(i);
            return;
        }
        (connection.Token, connection.Since) = (token, since);
        Try(i, isIdle: false, static (loop, i) => loop._connections[i].Begin());
        Watch(i);
    }

    private void Wait(TimeSpan atMost)
    {
        Poll.Wait(_entries, atMost < TimeSpan.Zero ? TimeSpan.Zero : atMost);
        for (var i = 0; i < _entries.Length; i++)
        {
            if (_entries[i].Happened == 0) continue;
            if ((_entries[i].Happened & Poll.Out) != 0) Try(i, !_connections[i].IsBusy, static (loop, i) => loop._connections[i].Send());
            if ((_entries[i].Happened & ~Poll.Out) != 0) Try(i, !_connections[i].IsBusy, static (loop, i) => loop.Receive(i));
            Watch(i);
        }
    }

    private void Receive(int i)
    {
        var connection = _connections[i];
        if (!connection.IsBusy) throw new IOException("a response nobody asked for, or the connection was closed");
        if (!connection.Receive()) return;
        _latency.RecordValue(Math.Clamp((long)Stopwatch.GetElapsedTime(connection.Since).TotalNanoseconds, 1, _latency.HighestTrackableValue));
        _requests++;
        if (!_load.Accept(connection.Token, connection.Status, connection.Body)) Fail($"{connection.Status} {Encoding.UTF8.GetString(connection.Body[..Math.Min(300, connection.Body.Length)])}");
        _isExhausted = false; // what was refused may be sent again
        _idle.Push(i);
    }

    private void Fail(string what)
    {
        _failed++;
        _firstFailure ??= what;
    }

    private void Watch(int i) => _entries[i].Events = _connections[i].IsSending ? (short)(Poll.In | Poll.Out) : Poll.In;

    /// <summary>A lost connection is a failure and is replaced.</summary>
    private void Try(int i, bool isIdle, Action<LoadLoop, int> act)
    {
        try
        {
            act(this, i);
        }
        catch (IOException e)
        {
            Fail(e.Message);
            _connections[i].Dispose();
            _connections[i] = new HttpConnection(_url);
            _entries[i].Descriptor = _connections[i].Descriptor;
            if (!isIdle) _idle.Push(i);
        }
    }
}

/// <summary>Gaps between the arrivals of many independent clients: exponentially distributed, drawn from a seed.</summary>
internal sealed class Arrivals(double perSecond, ulong seed)
{
    private ulong _state = seed;

    /// <summary>Stopwatch ticks to the next.</summary>
    public long Next()
    {
        var uniform = ((SplitMix.Next(ref _state) >> 11) + 1) * (1.0 / (1L << 53)); // (0, 1]
        return (long)(-Math.Log(uniform) / perSecond * Stopwatch.Frequency);
    }
}

/// <summary>SplitMix64: the same numbers on every version of the runtime.</summary>
internal static class SplitMix
{
    public static ulong Next(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
}
