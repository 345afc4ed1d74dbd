using System.Collections.Concurrent;

namespace Lambda.Warehouse.Local.Engine;

/// <summary>
/// A connection with a thread of its own: the engine's calls block for as long as a statement runs, and they would starve the thread
/// pool that serves HTTP. The thread also has the stack that deep queries need.
/// </summary>
internal sealed class ConnectionThread
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Connection? _connection;

    private ConnectionThread(string name)
    {
        _thread = new Thread(Loop, Limits.ThreadStackBytes) { Name = name, IsBackground = true };
        _thread.Start();
    }

    internal string Database => _connection?.Database ?? "default";

    internal static async Task<ConnectionThread> OpenAsync(IReadOnlyList<string> arguments, string name)
    {
        var thread = new ConnectionThread(name);
        try
        {
            await thread.RunAsync(() => thread._connection = Connection.Open(arguments));
            return thread;
        }
        catch
        {
            await thread.CloseAsync();
            throw;
        }
    }

    internal Task<T> RunAsync<T>(Func<Connection, T> work) => RunAsync(() => work(_connection!));

    internal Task CloseAsync()
    {
        _work.CompleteAdding();
        return _ended.Task;
    }

    private Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        });
        return done.Task;
    }

    private void Loop()
    {
        foreach (var work in _work.GetConsumingEnumerable())
            work();
        _connection?.Dispose();
        _ended.SetResult();
    }
}
