namespace Lambda.SpeedLayer.Postgres;

/// <summary>Every bound of this adapter.</summary>
internal static class PostgresLimits
{
    public const int ConnectSeconds = 5;

    /// <summary>How often a server that does not answer in time is asked at the start.</summary>
    public const int OpenTries = 4;

    /// <summary>A read or a small write that takes longer counts as failed.</summary>
    public const int CommandSeconds = 30;

    /// <summary>A checkpoint's rows, which may wait for those of an earlier owner.</summary>
    public const int CheckpointSeconds = 180;

    /// <summary>Another process may be migrating.</summary>
    public const int MigrateSeconds = 300;

    /// <summary>A renewal that takes longer comes too late anyway.</summary>
    public const int LeaseSeconds = 2;

    /// <summary>A transaction between two of whose statements nothing comes for so long is ended by the server: a process that froze in it must not hold up who takes over.</summary>
    public const int IdleInTransactionSeconds = 3;

    /// <summary>Bytes of rows that are sent to the server at once.</summary>
    public const int CopyBufferBytes = 256 << 10;
}
