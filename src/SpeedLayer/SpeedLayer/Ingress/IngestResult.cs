using Lambda.Domain.Log;

namespace Lambda.SpeedLayer.Ingress;

/// <summary>What came of a request. Only <see cref="Done"/> has appended anything.</summary>
public abstract record IngestResult
{
    private IngestResult() { }

    /// <param name="Accepted">Events now durable, repeats of known ones included.</param>
    /// <param name="Refused">Bad lines in order; each is durable in quarantine.</param>
    /// <param name="Positions">Per partition that got events: the last offset.</param>
    public sealed record Done(int Accepted, IReadOnlyList<RefusedLine> Refused, IReadOnlyList<Position> Positions) : IngestResult;

    /// <summary>Over a limit of one request.</summary>
    public sealed record TooLarge(string What, long Limit) : IngestResult;

    /// <summary>A bounded queue is full.</summary>
    public sealed record Busy(string Queue, TimeSpan RetryAfter) : IngestResult;

    /// <summary>The log cannot take it now (disk full, …).</summary>
    public sealed record Unavailable(string Reason, TimeSpan RetryAfter) : IngestResult;
}

/// <param name="Line">1-based line or array element (or counted from what the caller called the first).</param>
/// <param name="Field">Offending field; empty when the line as a whole is bad.</param>
/// <param name="Reason">One of <see cref="Lambda.Domain.Events.Reasons"/>.</param>
/// <param name="Detail">What was found and what was expected.</param>
public readonly record struct RefusedLine(long Line, string Field, string Reason, string Detail);

/// <summary>The bounds of one ingress; tests make them small.</summary>
public sealed record IngressLimits
{
    public long BodyBytes { get; init; } = Limits.BodyBytes;
    public int LineBytes { get; init; } = Limits.LineBytes;
    public int JsonDepth { get; init; } = Limits.JsonDepth;
    public int RefusedLines { get; init; } = Limits.RefusedLines;
    public long PendingBytes { get; init; } = Limits.PendingIngestBytes;
}
