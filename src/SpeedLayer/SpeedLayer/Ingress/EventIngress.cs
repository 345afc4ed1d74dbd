using System.Collections.Concurrent;
using System.IO.Pipelines;
using Lambda.Domain.Cards;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Ingress;

/// <summary>
/// The way in for events, whatever brings them: parses a body in one pass while it arrives, puts bad lines into quarantine, then appends all good ones
/// in one batch. Both are durable before the answer. Quarantine comes first, so that an answer other than Done always means that nothing was appended;
/// the store drops what a retry brings again.
/// </summary>
public sealed class EventIngress(IEventLog log, IQuarantine quarantine, TimeProvider time, IngressLimits limits)
{
    private readonly ConcurrentBag<IngestBatch> _idle = [];
    private long _pendingBytes;

    public EventIngress(IEventLog log, IQuarantine quarantine, TimeProvider time) : this(log, quarantine, time, new IngressLimits()) { }

    /// <summary>What makes tokens of card numbers; null: events with one are refused.</summary>
    public ICardTokens? Cards { get; init; }

    /// <summary>Bytes of requests being read or appended now.</summary>
    public long PendingBytes => Interlocked.Read(ref _pendingBytes);

    /// <param name="body">NDJSON or one JSON array, read to its end unless it is refused.</param>
    /// <param name="source">For quarantine: `http`, `file:NAME`.</param>
    /// <param name="firstLine">What the body's first line is called.</param>
    /// <exception cref="OperationCanceledException">The caller went away before the append: nothing was appended.</exception>
    public async ValueTask<IngestResult> IngestAsync(PipeReader body, string source, long firstLine, CancellationToken cancel)
    {
        if (!_idle.TryTake(out var batch)) batch = new IngestBatch(log.Partitions, limits, Cards);
        batch.Reset(source, firstLine, time.GetUtcNow().ToUnixTimeMilliseconds());
        var taken = new Taken(this);
        try
        {
            return await ReadAsync(body, batch, taken, cancel) ?? await StoreAsync(batch, cancel);
        }
        finally
        {
            taken.GiveBack();
            _idle.Add(batch);
        }
    }

    /// <summary>For producers in this process that have encoded their events already. The batch belongs to the log afterwards.</summary>
    public async ValueTask<IngestResult> IngestEncodedAsync(AppendBatch batch, CancellationToken cancel)
    {
        var taken = new Taken(this);
        try
        {
            if (!taken.TryTake(batch.Bytes)) return Busy("ingress");
            return await AppendAsync(batch, [], cancel);
        }
        finally
        {
            taken.GiveBack();
        }
    }

    /// <summary>Keeps what a source could not even make an event of; card numbers are masked here. What stands open already is not stored twice.</summary>
    public void Refuse(IReadOnlyList<QuarantineEntry> entries) =>
        quarantine.Add([.. entries.Select(e => e with { Field = PanMasker.Mask(e.Field), Detail = PanMasker.Mask(e.Detail), Raw = PanMasker.MaskLine(e.Raw.Span) })], once: true);

    /// <returns>Null when the body was read whole, else why not.</returns>
    private async ValueTask<IngestResult?> ReadAsync(PipeReader body, IngestBatch batch, Taken taken, CancellationToken cancel)
    {
        long bytes = 0;
        while (true)
        {
            var read = await body.ReadAsync(cancel);
            if (read.IsCanceled) throw new OperationCanceledException("the body was cancelled");
            bytes += read.Buffer.Length;
            IngestResult? refused = bytes > limits.BodyBytes ? new IngestResult.TooLarge("request body in bytes", limits.BodyBytes)
                : !taken.TryTake(read.Buffer.Length) ? Busy("ingress")
                : null;
            if (refused is null)
                foreach (var segment in read.Buffer) batch.Splitter.Feed(segment.Span, batch);
            body.AdvanceTo(read.Buffer.End);
            if (refused is null && read.IsCompleted) batch.Splitter.Complete(batch);
            if (refused is null && batch.Refused.Count > limits.RefusedLines) refused = new IngestResult.TooLarge("bad lines of one request", limits.RefusedLines);
            if (refused is not null || read.IsCompleted) return refused;
        }
    }

    private async ValueTask<IngestResult> StoreAsync(IngestBatch batch, CancellationToken cancel)
    {
        if (batch.Refused.Count > 0) quarantine.Add(batch.Refused, once: true);
        var refused = batch.RefusedLines();
        return batch.Records.Count == 0 ? new IngestResult.Done(0, refused, []) : await AppendAsync(batch.Records.Detach(Limits.KeptRecordBufferBytes), refused, cancel);
    }

    private async ValueTask<IngestResult> AppendAsync(AppendBatch records, RefusedLine[] refused, CancellationToken cancel)
    {
        try
        {
            var positions = await log.AppendAsync(records, cancel);
            return new IngestResult.Done(records.Count, refused, positions);
        }
        catch (LogFullException)
        {
            return Busy("log");
        }
        catch (LogWriteException e)
        {
            return new IngestResult.Unavailable(e.Message, Limits.RetryAfter);
        }
    }

    private static IngestResult.Busy Busy(string queue) => new(queue, Limits.RetryAfter);

    /// <summary>One request's share of the pending bytes.</summary>
    private sealed class Taken(EventIngress of)
    {
        private long _bytes;

        /// <summary>False when all requests together would be over the bound. One alone is never too much: it is bounded by itself.</summary>
        internal bool TryTake(long bytes)
        {
            var total = Interlocked.Add(ref of._pendingBytes, bytes);
            _bytes += bytes;
            return total <= of.PendingLimit || total == _bytes;
        }

        internal void GiveBack() => Interlocked.Add(ref of._pendingBytes, -_bytes);
    }

    private long PendingLimit => limits.PendingBytes;
}
