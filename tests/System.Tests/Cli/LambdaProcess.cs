using System.Diagnostics;

namespace Lambda.SystemTests.Cli;

/// <summary>Runs the host that was built with these tests.</summary>
internal static class LambdaProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public sealed record Ended(int ExitCode, string Output, string Error);

    public static ProcessStartInfo Command(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Lambda.Cluster.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("LAMBDA_", StringComparison.Ordinal) && k is not "LAMBDA_CHDB_LIB" and not "LAMBDA_CACHE").ToList())
            start.Environment.Remove(name);
        return start;
    }

    public static async Task<Ended> RunAsync(params IEnumerable<string> arguments)
    {
        using var process = Process.Start(Command(arguments))!;
        using var patience = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(patience.Token);
        var error = process.StandardError.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return new Ended(process.ExitCode, await output, await error);
    }
}
