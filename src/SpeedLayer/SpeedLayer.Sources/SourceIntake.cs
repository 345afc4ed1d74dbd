using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Sources;

/// <summary>What a source brings.</summary>
/// <param name="Position">Where it stood; its name in quarantine.</param>
/// <param name="EventId">Counts where the source's map says that it gives one.</param>
/// <param name="Refusal">Why it cannot be an event, if that is known already.</param>
public readonly record struct SourceMessage(string Position, ReadOnlyMemory<byte> Value, string? EventId = null, Rejection Refusal = default);

/// <summary>Takes a source's messages in: bad ones to quarantine, named by their position, good ones into the log. One caller at a time.</summary>
/// <param name="pause">How long to wait before more is appended, because folding is behind; null when it is not.</param>
public sealed class SourceIntake(EventMap map, EventIngress ingress, int logPartitions, TimeProvider time, Func<TimeSpan?>? pause = null)
{
    private readonly EventMapper _mapper = new(map);
    private readonly EventParser _parser = new(Limits.JsonDepth) { Cards = ingress.Cards };

    /// <summary>Durable when it returns: tries again as long as the log is full or cannot be written.</summary>
    /// <returns>Which of them went to quarantine, by their index.</returns>
    public async Task<IReadOnlyList<int>> TakeAsync(IReadOnlyList<SourceMessage> messages, CancellationToken cancel)
    {
        var (batch, refused, indices) = Read(messages);
        if (refused.Count > 0) ingress.Refuse(refused);
        if (batch.Count > 0) await AppendAsync(batch, cancel);
        return indices;
    }

    private (AppendBatch, List<QuarantineEntry>, List<int>) Read(IReadOnlyList<SourceMessage> messages)
    {
        var batch = new AppendBatch(logPartitions);
        var (refused, indices) = (new List<QuarantineEntry>(), new List<int>());
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 0; i < messages.Count; i++)
        {
            var message = messages[i];
            var why = message.Refusal;
            if (why.Reason is null && message.Value.Length > Limits.LineBytes) why = new Rejection("", Reasons.LineTooLong, $"{message.Value.Length} bytes, expected at most {Limits.LineBytes}");
            if (why.Reason is null && _parser.TryParse(_mapper.Map(message.Value, message.EventId), nowMs * Clock.MicrosPerMs, out var record, out why))
                batch.Add(Partitioner.PartitionOf(_parser.CustomerId, logPartitions), record);
            else
            {
                refused.Add(new QuarantineEntry(0, nowMs, message.Position, 0, why.Field, why.Reason!, why.Detail, PanMasker.MaskLine(message.Value.Span, map.CardFields)));
                indices.Add(i);
            }
        }
        return (batch, refused, indices);
    }

    private async Task AppendAsync(AppendBatch batch, CancellationToken cancel)
    {
        while (pause?.Invoke() is { } behind) await Task.Delay(behind, time, cancel);
        while (true)
        {
            switch (await ingress.IngestEncodedAsync(batch, cancel))
            {
                case IngestResult.Done: return;
                case IngestResult.Busy busy: await Task.Delay(busy.RetryAfter, time, cancel); break;
                case IngestResult.Unavailable unavailable: await Task.Delay(unavailable.RetryAfter, time, cancel); break;
                case var other: throw new InvalidOperationException($"the ingress said {other} to {batch.Bytes} bytes of a source");
            }
        }
    }
}
