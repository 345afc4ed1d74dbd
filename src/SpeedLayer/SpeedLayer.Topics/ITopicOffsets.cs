namespace Lambda.SpeedLayer.Topics;

/// <summary>
/// Where reading of others' topics goes on: kept by Lambda, not by their brokers. Written after the events are in the log, so whatever stands here was taken by
/// somebody: of two who read at the same time either may write, and the later start repeats a little.
/// </summary>
public interface ITopicOffsets
{
    /// <summary>Next offset of each partition; empty when the topic was never read.</summary>
    IReadOnlyDictionary<int, long> Next(string topic);

    /// <summary>Durable when it returns; takes the place of everything kept of this topic.</summary>
    void Save(string topic, IReadOnlyDictionary<int, long> next);
}
