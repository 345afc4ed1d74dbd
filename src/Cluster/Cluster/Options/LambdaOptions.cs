namespace Lambda.Cluster.Options;

/// <summary>
/// Everything that can be set, with its defaults. Read from a file, then the environment (LAMBDA_*), then the command line: the later wins
/// Checked as a whole before anything starts.
/// </summary>
public sealed record LambdaOptions
{
    /// <summary>Folder of log, checkpoints, base files, journal and the local warehouse.</summary>
    public string Data { get; init; } = "data";

    /// <summary>Port of the API; 0 takes a free one.</summary>
    public int Port { get; init; } = 8360;

    /// <summary>IP address the API listens on. Others than loopback need keys, and TLS.</summary>
    public string Listen { get; init; } = "127.0.0.1";

    /// <summary>Without keys and without a record of who did what: for trying out, on loopback only.</summary>
    public bool Dev { get; init; }

    /// <summary>The API's certificate: PEM with its chain, or .pfx; null speaks plain HTTP.</summary>
    public string? TlsCert { get; init; }

    /// <summary>PEM: the private key. .pfx: a file with its password.</summary>
    public string? TlsKey { get; init; }

    /// <summary>Lets others than loopback come without TLS: something before this node must do it.</summary>
    public bool Insecure { get; init; }

    /// <summary>Requests a second that a key without a limit of its own may send to a node; 0 is no limit.</summary>
    public int KeyRate { get; init; } = 5_000;

    /// <summary>/metrics asks for no key.</summary>
    public bool OpenMetrics { get; init; }

    /// <summary>File with the secret that keys the audit log's hashes, or `env:NAME`; null leaves them plain.</summary>
    public string? AuditKey { get; init; }

    /// <summary>P: fixed for life, chosen when the folder is first used; a later other value is refused.</summary>
    public int Partitions { get; init; } = 4;

    /// <summary>ClickHouse's HTTP interface, `http://user:password@host:8123/database`; null starts the local one.</summary>
    public string? Warehouse { get; init; }

    /// <summary>UTC time of the daily run, HH:MM; null runs only when asked.</summary>
    public DailyTimes? BatchAt { get; init; } = new(new TimeOnly(1, 0));

    /// <summary>Definition for a fresh folder; a used folder keeps the one it runs until another is adopted. Null: views/customer360.yaml.</summary>
    public string? Definition { get; init; }

    /// <summary>UTC days of transactions that the nightly fraud model is trained on; 0 trains none.</summary>
    public int FraudTrainDays { get; init; } = 28;

    /// <summary>After how many days fraud is known.</summary>
    public int FraudLabelDelayDays { get; init; } = 7;

    /// <summary>The newest days with labels: never trained on, models are judged by them.</summary>
    public int FraudTestDays { get; init; } = 7;
    public int FraudTablesPerDay { get; init; } = 1;

    /// <summary>How long event ids are remembered, days of append time.</summary>
    public int DedupHorizonDays { get; init; } = 7;

    /// <summary>A partition is checkpointed when this many records would have to be replayed …</summary>
    public int CheckpointEvents { get; init; } = 100_000;

    /// <summary>… or after this many seconds.</summary>
    public int CheckpointSeconds { get; init; } = 60;

    /// <summary>Rows that make the sink insert, of all partitions together …</summary>
    public int SinkRows { get; init; } = 100_000;

    /// <summary>… or the longest it waits, ms.</summary>
    public int SinkMs { get; init; } = 700;

    /// <summary>`embedded`: everything in this process and its data folder. `cluster`: this process is a node among others.</summary>
    public string Runtime { get; init; } = EmbeddedRuntime;

    /// <summary>What this node does: speed (hosts partitions), serving, batch (may drive runs).</summary>
    public string Roles { get; init; } = "speed,serving,batch";

    /// <summary>Name or address by which the other nodes reach this one.</summary>
    public string ClusterHost { get; init; } = "127.0.0.1";

    /// <summary>Port by which they do; 0 takes a free one.</summary>
    public int ClusterPort { get; init; } = 8361;

    /// <summary>`host:port` of nodes to join by; the first may found the cluster.</summary>
    public string ClusterSeeds { get; init; } = "127.0.0.1:8361";

    /// <summary>`name:port` whose addresses in DNS are the nodes, as of a headless service; several with commas. Instead of the seeds; null joins by the seeds.</summary>
    public string? ClusterDns { get; init; }

    /// <summary>Kafka's bootstrap servers, `host:port,host:port`: the log of a cluster.</summary>
    public string? Kafka { get; init; }

    /// <summary>PostgreSQL, `Host=…;Database=…;Username=…;Password=…`: checkpoints, leases and the journal of a cluster.</summary>
    public string? Postgres { get; init; }

    /// <summary>The warehouse's server with a user for analysts' SQL, who may read the database `…_analyst` and nothing else; null: the warehouse's own user, read-only.</summary>
    public string? WarehouseAnalyst { get; init; }

    /// <summary>Folder below which export jobs may write; null: `exports` in the data folder.</summary>
    public string? ExportRoot { get; init; }

    /// <summary>`s3://bucket/prefix` below which export jobs may write; null: none.</summary>
    public string? ExportS3 { get; init; }

    /// <summary>URL of a service other than Amazon's that speaks S3.</summary>
    public string? ExportS3Endpoint { get; init; }

    /// <summary>Hosts that webhooks may lead to, with commas; one that begins with a point stands for all below it. Null: none.</summary>
    public string? WebhookHosts { get; init; }

    /// <summary>File with the key that webhooks' secrets are encrypted under, or `env:NAME`; null: a file in the data folder, and in a cluster no webhooks are made.</summary>
    public string? WebhookKey { get; init; }

    /// <summary>File with the list of topics of others that a cluster reads as sources of events (docs/topics.md); null reads none.</summary>
    public string? Topics { get; init; }

    /// <summary>File with the list of HTTP APIs of others that are polled as sources of events (docs/sources.md); null polls none.</summary>
    public string? Sources { get; init; }

    /// <summary>File with the rules of an installation that has none yet; null: what comes with Lambda.</summary>
    public string? FraudRules { get; init; }

    /// <summary>File with the keys of card tokens, or env:NAME; null: a file in the data folder (in a cluster: none).</summary>
    public string? CardKeys { get; init; }

    /// <summary>File with what is answered when a transaction cannot be decided as it should be; null: what comes with Lambda.</summary>
    public string? FraudPolicy { get; init; }

    public const string EmbeddedRuntime = "embedded", ClusterRuntime = "cluster";
}
