using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Sources;

namespace Lambda.SpeedLayer.Topics;

/// <summary>A message of a topic.</summary>
public readonly record struct TopicMessage(int Partition, long Offset, byte[] Value);

/// <summary>What a partition of a topic holds: offsets from <paramref name="Low"/> up to, without, <paramref name="High"/>.</summary>
public readonly record struct TopicBounds(long Low, long High);

/// <summary>
/// Takes a topic's messages in: bad ones to quarantine, named topic:partition:offset, good ones into the log, then the offsets. After a crash in between
/// the messages come again; their event ids are known, so each counts once. One caller at a time.
/// </summary>
/// <param name="pause">How long to wait before more is appended, because folding is behind; null when it is not.</param>
public sealed class TopicIntake(TopicMap map, EventIngress ingress, int logPartitions, ITopicOffsets offsets, TimeProvider time, Func<TimeSpan?>? pause = null)
{
    private readonly SourceIntake _intake = new(map.Events, ingress, logPartitions, time, pause);
    private volatile IReadOnlyDictionary<int, long> _next = new Dictionary<int, long>();

    public TopicMap Map => map;

    /// <summary>Next offset of each partition that is read; may be looked at while another takes.</summary>
    public IReadOnlyDictionary<int, long> Next => _next;

    public long Accepted { get; private set; }
    public long Refused { get; private set; }

    /// <summary>
    /// Where every partition goes on. The first time as the map says, which is kept, so that "from the end" is one moment for good. A partition that is added to
    /// a topic later is read from its beginning, else what came before it was noticed would be lost.
    /// </summary>
    public IReadOnlyDictionary<int, long> Begin(IReadOnlyDictionary<int, TopicBounds> bounds)
    {
        var kept = offsets.Next(map.Topic);
        var fromEnd = map.FromEnd && kept.Count == 0;
        _next = bounds.ToDictionary(b => b.Key, b => kept.TryGetValue(b.Key, out var next) ? next : fromEnd ? b.Value.High : b.Value.Low);
        if (_next.Keys.Except(kept.Keys).Any()) offsets.Save(map.Topic, _next);
        return _next;
    }

    /// <summary>Durable when it returns: tries again as long as the log is full or cannot be written.</summary>
    public async Task TakeAsync(IReadOnlyList<TopicMessage> messages, CancellationToken cancel)
    {
        var refused = await _intake.TakeAsync([.. messages.Select(Named)], cancel);
        var next = new Dictionary<int, long>(_next);
        foreach (var message in messages) next[message.Partition] = message.Offset + 1;
        offsets.Save(map.Topic, next);
        _next = next;
        Accepted += messages.Count - refused.Count;
        Refused += refused.Count;
    }

    private SourceMessage Named(TopicMessage message)
    {
        var position = $"{map.Topic}:{message.Partition}:{message.Offset}";
        return new SourceMessage(position, message.Value, position);
    }
}
