namespace Lambda.Warehouse.Local;

/// <summary>Every bound of this process, in one place.</summary>
internal static class Limits
{
    /// <summary>Statements that run at once, a connection each.</summary>
    internal const int Connections = 6;

    /// <summary>Requests that may wait for a connection; one more is refused with ClickHouse's TOO_MANY_SIMULTANEOUS_QUERIES.</summary>
    internal const int WaitingRequests = 512;

    internal const int Sessions = 64;
    internal const int SessionTimeoutSecondsDefault = 60;
    internal const int SessionTimeoutSecondsMax = 3600;

    /// <summary>Text of a statement that is not an insert of data (the parser's own max_query_size is lower unless raised).</summary>
    internal const int QueryBytesMax = 16 << 20;

    /// <summary>Data handed to the engine at a time; its queue holds 16 of them.</summary>
    internal const int InsertChunkBytes = 512 << 10;

    /// <summary>A result up to this size is held back until its end is known to be good, so that an error still gets its status.</summary>
    internal const int ResponseBufferBytes = 1 << 20;

    /// <summary>Of an answer with compress=1, before compression.</summary>
    internal const int CompressedBlockBytes = 1 << 20;

    /// <summary>With wait_end_of_query a result beyond this goes to a temporary file.</summary>
    internal const int SpoolMemoryBytes = 16 << 20;

    /// <summary>So much of a result may be on its way to the socket while the engine makes the next chunk (1–2 MB each).</summary>
    internal const int ResponsePipeBytes = 4 << 20;

    internal const int RequestLineBytes = 1 << 20;
    internal const int HeaderBytes = 1 << 20;

    /// <summary>A sender that sends nothing for so long loses its request.</summary>
    internal static readonly TimeSpan ReceiveTimeout = TimeSpan.FromSeconds(300);

    /// <summary>A reader that takes nothing for so long gives up its connection to the engine.</summary>
    internal static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(300);

    /// <summary>Running statements get so long to end at shutdown.</summary>
    internal static readonly TimeSpan ShutdownGrace = TimeSpan.FromSeconds(8);

    /// <summary>Recursive queries need stack; the engine refuses deeper ones by looking at what is left.</summary>
    internal const int ThreadStackBytes = 16 << 20;
}
