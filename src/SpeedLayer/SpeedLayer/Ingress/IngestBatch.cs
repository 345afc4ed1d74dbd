using Lambda.Domain.Cards;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Ingress;

/// <summary>Collects one request: good lines as records by partition, bad ones with their reasons and masked text. Reused; not thread-safe.</summary>
internal sealed class IngestBatch(int partitions, IngressLimits limits, ICardTokens? cards) : ILineSink
{
    private readonly EventParser _parser = new(limits.JsonDepth) { Cards = cards };
    private readonly List<QuarantineEntry> _refused = [];
    private string _source = "";
    private long _nowMs;

    internal BodySplitter Splitter { get; } = new();

    internal AppendBatch Records { get; } = new(partitions);

    internal IReadOnlyList<QuarantineEntry> Refused => _refused;

    internal void Reset(string source, long firstLine, long nowMs)
    {
        (_source, _nowMs) = (source, nowMs);
        Splitter.Reset(firstLine);
        Records.Clear(Limits.KeptRecordBufferBytes);
        _refused.Clear();
    }

    public void Take(ReadOnlySpan<byte> line, long number)
    {
        if (line.Length > limits.LineBytes)
        {
            Refuse(line, number, new Rejection("", Reasons.LineTooLong, $"{line.Length} bytes, expected at most {limits.LineBytes}"));
            return;
        }
        if (_parser.TryParse(line, _nowMs * Clock.MicrosPerMs, out var record, out var why))
            Records.Add(Partitioner.PartitionOf(_parser.CustomerId, partitions), record);
        else
            Refuse(line, number, why);
    }

    public void TakeBroken(ReadOnlySpan<byte> rest, long number, string what) => Refuse(rest, number, new Rejection("", Reasons.MalformedJson, what));

    internal RefusedLine[] RefusedLines() => [.. _refused.Select(e => new RefusedLine(e.Line, e.Field, e.Reason, e.Detail))];

    private void Refuse(ReadOnlySpan<byte> line, long number, Rejection why) =>
        _refused.Add(new QuarantineEntry(0, _nowMs, _source, number, why.Field, why.Reason, why.Detail, PanMasker.MaskLine(line)));
}
