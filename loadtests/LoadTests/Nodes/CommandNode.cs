using System.Diagnostics;

namespace Lambda.LoadTests.Nodes;

/// <summary>A node of somebody else's making, killed and started again by shell commands. What the restart starts is left running.</summary>
internal sealed class CommandNode(string kill, string restart) : INode
{
    public async Task KillAsync(CancellationToken cancel)
    {
        using var shell = Start(kill);
        await shell.WaitForExitAsync(cancel);
        if (shell.ExitCode != 0) throw new EnvironmentException($"`{kill}` ended with {shell.ExitCode}");
    }

    public Task RestartAsync(CancellationToken cancel)
    {
        Start(restart).Dispose();
        return Task.CompletedTask;
    }

    private static Process Start(string command) => Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { UseShellExecute = false })!;
}
