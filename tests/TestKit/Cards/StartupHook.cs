using Lambda.TestKit.Cards;

/// <summary>The runtime looks for this name outside of any namespace (DOTNET_STARTUP_HOOKS) and runs it before Main: what somebody who traces the process would get is written to a file.</summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(Tracing.FolderVariable) is { Length: > 0 } folder) Tracing.Begin(Path.Combine(folder, $"spans-{Environment.ProcessId}.txt"));
    }
}
