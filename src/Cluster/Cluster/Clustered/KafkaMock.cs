#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using Lambda.Cluster.Bench.Processes;
using Lambda.Cluster.Cli;

namespace Lambda.Cluster.Clustered;

/// <summary>Kafka's protocol without Kafka, in a process of its own: to try the cluster edition on one machine. In memory; only the newest 5 MB of a partition.</summary>
internal sealed class KafkaMock : IAsyncDisposable
{
    private static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private KafkaMock(Process process, string servers) => (_process, Servers) = (process, servers);

    /// <summary>`host:port`</summary>
    public string Servers { get; }

    public int ProcessId => _process.Id;

    /// <param name="topics">`NAME:PARTITIONS`, made at the start: the mock cannot be asked for one.</param>
    public static async Task<KafkaMock> StartAsync(IEnumerable<string> topics, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(LambdaProcess.DotnetHost()) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Program());
        start.ArgumentList.Add("1");
        foreach (var topic in topics) start.ArgumentList.Add(topic);
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var ready = await process.StandardOutput.ReadLineAsync(cancel).AsTask().WaitAsync(StartWithin, cancel);
        return ready?.Split(' ') is ["ready", var servers]
            ? new KafkaMock(process, servers)
            : throw new CommandException(ExitCode.Environment, "the Kafka mock did not start; name a broker with --kafka");
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close(); // it ends with its input, and so with this process
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Built beside this host: bin/PROJECT/CONFIGURATION.</summary>
    private static string Program()
    {
        var bin = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(bin.Parent!.Parent!.FullName, "SpeedLayer.KafkaMock", bin.Name, "Lambda.SpeedLayer.KafkaMock.dll");
    }
}
#endif
