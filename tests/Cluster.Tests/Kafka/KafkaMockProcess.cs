using System.Diagnostics;

namespace Lambda.ClusterTests.Kafka;

/// <summary>librdkafka's mock cluster in a process of its own; ends with this one. Commands: see its Program.cs.</summary>
internal sealed class KafkaMockProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly SemaphoreSlim _oneAtATime = new(1);

    private KafkaMockProcess(Process process, string bootstrapServers) => (_process, BootstrapServers) = (process, bootstrapServers);

    public string BootstrapServers { get; }

    public static async Task<KafkaMockProcess> StartAsync(int brokers, params string[] topics)
    {
        var bin = new DirectoryInfo(AppContext.BaseDirectory);
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(bin.Parent!.Parent!.FullName, "SpeedLayer.KafkaMock", bin.Name, "Lambda.SpeedLayer.KafkaMock.dll"));
        start.ArgumentList.Add($"{brokers}");
        foreach (var topic in topics) start.ArgumentList.Add(topic);
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var ready = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return ready?.Split(' ') is ["ready", var servers]
            ? new KafkaMockProcess(process, servers)
            : throw new InvalidOperationException($"the Kafka mock did not start: {ready}");
    }

    public async Task CommandAsync(string command)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(command);
            var answer = await _process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
            if (answer != "ok") throw new InvalidOperationException($"Kafka mock: {command}: {answer}");
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        _process.Dispose();
    }
}
