using System.IO.Pipelines;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Ports;

/// <summary>The way in for events: validate, quarantine, append durably. One request is appended whole or not at all.</summary>
public interface IEventIntake
{
    /// <summary>Reads NDJSON or one JSON array of events from <paramref name="body"/> to its end and appends the good ones; bad ones go to quarantine.</summary>
    /// <param name="source">Where it comes from, for quarantine: `http`, `file:NAME`, `replay`.</param>
    /// <param name="firstLine">What the body's first line is called, in the answer and in quarantine: a part of a file goes by the file's lines.</param>
    /// <exception cref="OperationCanceledException">The caller went away before the append: nothing was appended.</exception>
    ValueTask<Intake> IngestAsync(PipeReader body, string source, long firstLine, CancellationToken cancel);

    /// <summary>Keeps what a source could not even make an event of. Ids are given by the store, card numbers are masked, what stands open already is not stored twice.</summary>
    void Refuse(IReadOnlyList<QuarantineEntry> entries);
}

/// <summary>What came of a request.</summary>
public abstract record Intake
{
    private Intake() { }

    /// <param name="Accepted">Events now durable, repeats included.</param>
    /// <param name="Rejected">Refused lines in order; each is in quarantine.</param>
    /// <param name="Positions">Per partition that got events: the last offset.</param>
    public sealed record Done(int Accepted, IReadOnlyList<RejectedLine> Rejected, IReadOnlyList<Position> Positions) : Intake;

    /// <summary>Over a size limit. Nothing was appended.</summary>
    public sealed record TooLarge(string What, long Limit) : Intake;

    /// <summary>A bounded queue (named) is full. Nothing was appended.</summary>
    public sealed record Busy(string Queue, TimeSpan RetryAfter) : Intake;

    /// <summary>The log cannot take it now (disk full, stopping). Nothing was appended.</summary>
    public sealed record Unavailable(string Reason, TimeSpan RetryAfter) : Intake;
}

/// <param name="Line">1-based line or array element (or counted from what the caller called the first).</param>
/// <param name="Field">Offending field; empty when the line as a whole is bad.</param>
/// <param name="Reason">Machine-readable code such as `unknown_type`.</param>
/// <param name="Detail">What was found and what was expected.</param>
public readonly record struct RejectedLine(long Line, string Field, string Reason, string Detail);
