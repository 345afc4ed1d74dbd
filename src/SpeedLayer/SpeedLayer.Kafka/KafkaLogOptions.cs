namespace Lambda.SpeedLayer.Kafka;

/// <summary>Where the log is and how it is reached.</summary>
public sealed record KafkaLogOptions
{
    /// <summary>`host:port,host:port`.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>The log's own topic. Nobody but Lambda writes into it.</summary>
    public required string Topic { get; init; }

    /// <summary>P, for life. A topic with another number of partitions is refused.</summary>
    public required int Partitions { get; init; }

    /// <summary>Of a topic that is made here; -1 = the brokers' default. In production 3, with min.insync.replicas=2 on the brokers.</summary>
    public short ReplicationFactor { get; init; } = -1;

    /// <summary>Further settings of librdkafka for every client: security.protocol, sasl.*, ssl.*, client.rack.</summary>
    public IReadOnlyDictionary<string, string> Client { get; init; } = new Dictionary<string, string>();

    public KafkaLogLimits Limits { get; init; } = KafkaLogLimits.Default;
}

/// <summary>Bounds of the Kafka log; bytes are of uncompressed records.</summary>
public sealed record KafkaLogLimits
{
    public static readonly KafkaLogLimits Default = new();

    /// <summary>Appends that wait for their acknowledgement. Past it an append is refused: LogFullException.</summary>
    public long PendingBytesMax { get; init; } = 64 << 20;

    /// <summary>Newest records kept ready in memory, for each partition that is read here.</summary>
    public long RecentBytesMax { get; init; } = 8 << 20;

    /// <summary>A frame handed to readers holds about so much: not enough to be a large object, for those live until the next full collection.</summary>
    public int FrameBytesMax { get; init; } = 64 << 10;

    /// <summary>Append times are rounded down to it. Records of one append time make one frame, so it bounds the frames of a second.</summary>
    public int AppendTimeStepMs { get; init; } = 10;

    /// <summary>What a broker may take to acknowledge an append, retries included; after it the append fails.</summary>
    public int AppendTimeoutMs { get; init; } = 20_000;

    /// <summary>What a read may wait for a broker; after it the read fails and is tried again by its caller.</summary>
    public int ReadTimeoutMs { get; init; } = 10_000;

    /// <summary>How long the producer collects records for one request.</summary>
    public double LingerMs { get; init; } = 1;

    /// <summary>How long a broker may hold a fetch that has nothing to give. Kafka answers at once when a record comes; brokers in memory hold it to the end, and decisions wait for it.</summary>
    public int FetchWaitMs { get; init; } = 10;

    /// <summary>Readers of older records that are open at the same time: one a partition and position.</summary>
    public int CursorsMax { get; init; } = 16;

    /// <summary>A reader of older records that nobody used for so long is closed.</summary>
    public int CursorIdleMs { get; init; } = 10_000;

    /// <summary>A partition that nobody read for so long is no longer fetched here: it has moved to another node.</summary>
    public int TailIdleMs { get; init; } = 60_000;

    /// <summary>How often the brokers are asked for the bounds of the partitions that are read here.</summary>
    public int BoundsEveryMs { get; init; } = 500;
}

/// <summary>Kafka could not be asked: an infrastructure fault, to be tried again. Says what was attempted.</summary>
public sealed class KafkaLogException(string topic, string attempted, string cause, Exception? inner = null)
    : IOException($"Kafka topic {topic}: {attempted} failed: {cause}", inner);
