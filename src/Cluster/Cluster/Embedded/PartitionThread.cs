using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Embedded;

/// <summary>The thread of one partition: reads on, folds, checkpoints. A fault stops the partition with its reason; the others go on.</summary>
internal sealed class PartitionThread
{
    private const int StepBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan IdleWait = TimeSpan.FromMilliseconds(100); // how late a checkpoint by age may be
    private static readonly TimeSpan CheckpointWait = TimeSpan.FromMilliseconds(1);

    private readonly PartitionHost _host;
    private readonly IEventLog _log;
    private readonly Action<string, Exception> _onError;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private bool _checkpointAtStop = true;

    public PartitionThread(PartitionHost host, IEventLog log, Action<string, Exception> onError)
    {
        (_host, _log, _onError) = (host, log, onError);
        _thread = new Thread(Run) { IsBackground = true, Name = $"partition-{host.Partition}" };
        _thread.Start();
    }

    /// <summary>Ends the thread; with a last checkpoint unless there is a hurry.</summary>
    public void Stop(bool checkpoint)
    {
        _checkpointAtStop = checkpoint;
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            Task? news = null;
            while (!_stop.IsCancellationRequested)
                if (!_host.Step(StepBytes)) news = Wait(news);
            if (_checkpointAtStop) _host.CheckpointNowAsync().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Asked to end.
        }
        catch (Exception e)
        {
            _host.Stop(e);
            _onError($"partition {_host.Partition}", e);
        }
    }

    private Task? Wait(Task? news)
    {
        news ??= _log.WaitAsync(_host.Partition, _host.Applied, _stop.Token);
        return Task.WaitAny([news], _host.IsCheckpointing ? CheckpointWait : IdleWait) == 0 ? null : news;
    }
}
