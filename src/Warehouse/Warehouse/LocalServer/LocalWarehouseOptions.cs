namespace Lambda.Warehouse.LocalServer;

/// <summary>How the local warehouse's process is started.</summary>
public sealed record LocalWarehouseOptions
{
    /// <summary>Lambda.Warehouse.Local.dll.</summary>
    public required string ServerPath { get; init; }

    /// <summary>libchdb.so.</summary>
    public required string LibraryPath { get; init; }

    /// <summary>The data directory; made if absent. One process at a time.</summary>
    public required string DataPath { get; init; }

    /// <summary>0: a free one, kept over restarts.</summary>
    public int Port { get; init; }

    /// <summary>The engine's memory limit; null: its own rule (nine tenths of the machine's).</summary>
    public int? MemoryMb { get; init; }

    /// <summary>Statements that run at once; null: the server's default.</summary>
    public int? Connections { get; init; }

    /// <summary>From the start to the ready line. A large store takes its time to open.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From the request to stop until the process is killed.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Before the first restart; doubled up to <see cref="BackoffMax"/> while starts keep failing.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two questions whether the process still answers (`/ping`).</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one of them may take.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>So many without an answer, one after another: the process hangs; it is killed and started again.</summary>
    public int PingFailuresMax { get; init; } = 4;

    /// <summary>Gets each line the process writes to stderr, from threads of its own.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Gets each exit that was not asked for, before the restart.</summary>
    public Action<LocalWarehouseExit>? Exited { get; init; }
}

/// <summary>An end of the process that nobody asked for.</summary>
/// <param name="ExitCode">128 + signal when a signal ended it.</param>
/// <param name="Reason">For people: the code and the last lines of stderr.</param>
/// <param name="Restarts">How often it has been started again before this exit.</param>
public sealed record LocalWarehouseExit(int ExitCode, string Reason, int Restarts);
