namespace Lambda.SpeedLayer;

/// <summary>Every bound of the speed layer has a name here. What is over one is refused by that name, never cut.</summary>
public static partial class Limits
{
    // --- ingress ------------------------------------------------------------------------------------------------------------
    /// <summary>Largest request body, unpacked.</summary>
    public const int BodyBytes = 32 << 20;

    /// <summary>Longest line or array element; a longer one goes to quarantine.</summary>
    public const int LineBytes = 256 << 10;

    /// <summary>Deepest nesting of an event, the event itself included.</summary>
    public const int JsonDepth = Domain.Events.EventParser.DefaultMaxDepth;

    /// <summary>Most bad lines of one request; a request with more is refused as a whole, because it is no stream of events.</summary>
    public const int RefusedLines = 100_000;

    /// <summary>Bytes of all requests that are being read or appended. Above it new ones are told to come back.</summary>
    public const long PendingIngestBytes = 256L << 20;

    /// <summary>What a client is told to wait when a queue is full.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Line buffers above this are not kept for the next request.</summary>
    internal const int KeptLineBufferBytes = 1 << 20;

    /// <summary>Record buffers (one a partition) above this are not kept for the next request.</summary>
    internal const int KeptRecordBufferBytes = 4 << 20;
}
