namespace Lambda.Cluster.Cli;

/// <summary>What a command's exit says. Fixed: scripts depend on it.</summary>
public static class ExitCode
{
    public const int Ok = 0;

    /// <summary>A check failed: a mismatch, a refused definition, a failed run.</summary>
    public const int CheckFailed = 1;

    /// <summary>The command line or a file named on it is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Something around us is missing or in the way: port, network, disk, a host that does not answer.</summary>
    public const int Environment = 3;
}

/// <summary>Ends a command with a message on stderr.</summary>
public sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
