using Confluent.Kafka;

namespace Lambda.SpeedLayer.Kafka.Log;

/// <summary>The clients' settings in one place, with the reason for each that is not the default.</summary>
internal static class KafkaClients
{
    public static IProducer<Null, byte[]> Producer(KafkaLogOptions options)
    {
        var config = new ProducerConfig(Common(options))
        {
            EnableIdempotence = true, // no repeats and no reordering by retries
            Acks = Acks.All,
            LingerMs = options.Limits.LingerMs,
            MessageTimeoutMs = options.Limits.AppendTimeoutMs,
            CompressionType = CompressionType.Lz4,
            BatchSize = 1 << 20,
            // Our own bound on bytes comes first; these must never be reached in the middle of a batch.
            QueueBufferingMaxMessages = 10_000_000,
            QueueBufferingMaxKbytes = 1 << 20,
            DeliveryReportFields = "none", // partition, offset and error are always there
        };
        return new ProducerBuilder<Null, byte[]>(config).SetLogHandler(Silent).SetErrorHandler((_, _) => { }).Build();
    }

    /// <summary>A reader of assigned offsets: no group, no commits. Offsets are kept in the checkpoint, with the state they belong to.</summary>
    public static IConsumer<Ignore, byte[]> Consumer(KafkaLogOptions options, int queuedKbytes)
    {
        var config = new ConsumerConfig(Common(options))
        {
            GroupId = "lambda-log", // asked for by the client, never used
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            AutoOffsetReset = AutoOffsetReset.Error, // a needed record that is gone must stop the reader
            IsolationLevel = IsolationLevel.ReadCommitted,
            CheckCrcs = true,
            AllowAutoCreateTopics = false,
            ConsumeResultFields = "timestamp",
            FetchWaitMaxMs = options.Limits.FetchWaitMs,
            FetchMaxBytes = 16 << 20,
            MaxPartitionFetchBytes = 4 << 20,
            QueuedMinMessages = 100_000,
            QueuedMaxMessagesKbytes = queuedKbytes,
            FetchQueueBackoffMs = 5, // by default a full queue stops the fetcher for a second
            FetchErrorBackoffMs = 100,
        };
        return new ConsumerBuilder<Ignore, byte[]>(config).SetLogHandler(Silent).SetErrorHandler((_, _) => { }).Build();
    }

    public static IAdminClient Admin(KafkaLogOptions options) =>
        new AdminClientBuilder(Common(options)).SetLogHandler(Silent).SetErrorHandler((_, _) => { }).Build();

    private static ClientConfig Common(KafkaLogOptions options)
    {
        var config = new ClientConfig { BootstrapServers = options.BootstrapServers, ClientId = "lambda", TopicMetadataRefreshIntervalMs = 30_000, ReconnectBackoffMaxMs = 2_000 };
        foreach (var (key, value) in options.Client) config.Set(key, value);
        return config;
    }

    // What matters comes back as an error of the operation; the rest would go to standard error behind the host's logging.
    private static void Silent(IClient client, LogMessage message) { }
}
