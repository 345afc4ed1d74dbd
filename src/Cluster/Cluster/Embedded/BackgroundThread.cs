using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Lambda.Cluster.Embedded;

/// <summary>
/// A thread of low priority for work that may take as long as it likes: on full cores it leaves them to answers and decisions. What is awaited in it
/// goes on in it, so that not a part of the work slips to the thread pool.
/// </summary>
internal sealed class BackgroundThread : SynchronizationContext, IDisposable
{
    /// <summary>Linux nice value: beside a thread of normal priority this one gets about a thirtieth of the core, alone all of it.</summary>
    private const int Nice = 15;

    private readonly BlockingCollection<(SendOrPostCallback Work, object? State)> _work = [];
    private readonly Thread _thread;

    public BackgroundThread(string name)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Starts the work in this thread.</summary>
    /// <returns>Completes with it, wherever the caller waits.</returns>
    public Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(async _ =>
        {
            try
            {
                done.SetResult(await work());
            }
            catch (OperationCanceledException e)
            {
                done.SetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }, null);
        return done.Task;
    }

    public override void Post(SendOrPostCallback d, object? state) => _work.Add((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("this thread is waited for asynchronously only");

    /// <summary>Ends the thread after what was posted; nothing may run in it any more.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        SetSynchronizationContext(this);
        if (OperatingSystem.IsLinux()) _ = SetPriority(which: 0, who: 0, Nice); // of this thread; where it is not allowed the work only takes more of its share
        foreach (var (work, state) in _work.GetConsumingEnumerable()) work(state);
    }

    [DllImport("libc", EntryPoint = "setpriority")]
    private static extern int SetPriority(int which, uint who, int nice);
}
