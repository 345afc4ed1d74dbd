using System.Globalization;

namespace Lambda.Cluster.Options;

/// <summary>
/// One thing that can be set: `name` in the file, `LAMBDA_NAME` in the environment, `--name` on the command line. To add one, add a property to
/// <see cref="LambdaOptions"/>, a line here and a line to lambda.yaml; a test holds the three together.
/// </summary>
/// <param name="Apply">The options with this set from its text. Throws <see cref="FormatException"/> naming what was expected.</param>
public sealed record Setting(string Name, string Doc, Func<LambdaOptions, string> Show, Func<LambdaOptions, string, LambdaOptions> Apply)
{
    public const string None = "none";

    /// <summary>On the command line its name alone says true.</summary>
    public bool IsFlag { get; init; }

    public string Variable => "LAMBDA_" + Name.ToUpperInvariant();
    public string Switch => "--" + Name.Replace('_', '-');

    public static readonly IReadOnlyList<Setting> All =
    [
        new("data", "Folder of log, checkpoints, base files, journal and the local warehouse.", o => o.Data, (o, v) => o with { Data = NotEmpty(v) }),
        Number("port", "Port of the API; 0 takes a free one.", o => o.Port, (o, v) => o with { Port = v }, 0, 65535),
        new("listen", "IP address the API listens on; others than loopback need keys and TLS.", o => o.Listen, (o, v) => o with { Listen = Address(v) }),
        Flag("dev", "No keys, no audit log: for trying out, on loopback only.", o => o.Dev, (o, v) => o with { Dev = v }),
        new("tls_cert", "The API's certificate, PEM with its chain or .pfx; none speaks plain HTTP.", o => o.TlsCert ?? None, (o, v) => o with { TlsCert = v == None ? null : NotEmpty(v) }),
        new("tls_key", "Its private key, PEM; of a .pfx a file with the password.", o => o.TlsKey ?? None, (o, v) => o with { TlsKey = v == None ? null : NotEmpty(v) }),
        Flag("insecure", "Others than loopback may come without TLS: something before this node does it.", o => o.Insecure, (o, v) => o with { Insecure = v }),
        Number("key_rate", "Requests a second of a key without a limit of its own, on each node; 0 is no limit.", o => o.KeyRate, (o, v) => o with { KeyRate = v }, 0, 10_000_000),
        Flag("open_metrics", "/metrics asks for no key.", o => o.OpenMetrics, (o, v) => o with { OpenMetrics = v }),
        new("audit_key", "File with the secret that keys the audit log, or env:NAME; none leaves its hashes plain.", o => o.AuditKey ?? None, (o, v) => o with { AuditKey = v == None ? null : NotEmpty(v) }),
        Number("partitions", "Partitions of the log, fixed for life when the folder is first used.", o => o.Partitions, (o, v) => o with { Partitions = v }, 1, 1024),
        new("warehouse", "ClickHouse, http://user:password@host:8123/database; none starts the local one.", o => o.Warehouse ?? None, (o, v) => o with { Warehouse = v == None ? null : Url(v) }),
        new("batch_at", "UTC times of the daily runs, HH:MM with commas between several; none runs only when asked.", o => o.BatchAt?.ToString() ?? None, (o, v) => o with { BatchAt = v == None ? null : DailyTimes.Parse(v) }),
        new("definition", "Definition for a fresh folder; none takes the one that comes with Lambda.", o => o.Definition ?? None, (o, v) => o with { Definition = v == None ? null : NotEmpty(v) }),
        Number("dedup_horizon_days", "How long event ids are remembered, in days of append time.", o => o.DedupHorizonDays, (o, v) => o with { DedupHorizonDays = v }, 1, 366),
        Number("fraud_train_days", "UTC days of transactions that the nightly fraud model is trained on; 0 trains none.", o => o.FraudTrainDays, (o, v) => o with { FraudTrainDays = v }, 0, 366),
        Number("fraud_label_delay_days", "After how many days fraud is known.", o => o.FraudLabelDelayDays, (o, v) => o with { FraudLabelDelayDays = v }, 0, Domain.Fraud.FraudFeatures.LabelDelayMax),
        Number("fraud_test_days", "The newest days with labels: never trained on, models are judged by them.", o => o.FraudTestDays, (o, v) => o with { FraudTestDays = v }, 1, 366),
        Number("fraud_tables_per_day", "Batch runs a day, each of which makes a table of terminals: models are trained on what such tables would have known.", o => o.FraudTablesPerDay, (o, v) => o with { FraudTablesPerDay = v }, 1, 24),
        Number("checkpoint_events", "A partition is checkpointed when so many records would have to be replayed …", o => o.CheckpointEvents, (o, v) => o with { CheckpointEvents = v }, 1, 100_000_000),
        Number("checkpoint_seconds", "… or after so many seconds.", o => o.CheckpointSeconds, (o, v) => o with { CheckpointSeconds = v }, 1, 86_400),
        Number("sink_rows", "Rows that make the sink insert …", o => o.SinkRows, (o, v) => o with { SinkRows = v }, 1, 1_000_000),
        Number("sink_ms", "… or the longest it waits, ms.", o => o.SinkMs, (o, v) => o with { SinkMs = v }, 1, 600_000),
        new("runtime", "embedded: everything in this process. cluster: a node among others.", o => o.Runtime, (o, v) => o with { Runtime = OneOf(v, LambdaOptions.EmbeddedRuntime, LambdaOptions.ClusterRuntime) }),
        new("roles", "Of a node: speed (hosts partitions), serving, batch (may drive runs).", o => o.Roles, (o, v) => o with { Roles = List(v, r => OneOf(r, "speed", "serving", "batch")) }),
        new("cluster_host", "Name or address by which other nodes reach this one.", o => o.ClusterHost, (o, v) => o with { ClusterHost = NotEmpty(v) }),
        Number("cluster_port", "Port by which they do; 0 takes a free one.", o => o.ClusterPort, (o, v) => o with { ClusterPort = v }, 0, 65535),
        new("cluster_seeds", "Nodes to join by, host:port,host:port; the first may found the cluster.", o => o.ClusterSeeds, (o, v) => o with { ClusterSeeds = List(v, Place) }),
        new("cluster_dns", "Names whose addresses are the nodes, name:port,name:port, instead of seeds; none joins by seeds.", o => o.ClusterDns ?? None, (o, v) => o with { ClusterDns = v == None ? null : List(v, Place) }),
        new("kafka", "Kafka of a cluster, host:port,host:port.", o => o.Kafka ?? None, (o, v) => o with { Kafka = v == None ? null : NotEmpty(v) }),
        new("postgres", "PostgreSQL of a cluster, Host=…;Database=…;Username=…;Password=….", o => o.Postgres ?? None, (o, v) => o with { Postgres = v == None ? null : NotEmpty(v) }),
        new("warehouse_analyst", "The warehouse with a user who may only read the analysts' database, http://user:password@host:8123; none takes the own user, read-only.", o => o.WarehouseAnalyst ?? None, (o, v) => o with { WarehouseAnalyst = v == None ? null : Url(v) }),
        new("export_root", "Folder below which export jobs may write; none: exports in the data folder.", o => o.ExportRoot ?? None, (o, v) => o with { ExportRoot = v == None ? null : NotEmpty(v) }),
        new("export_s3", "Bucket and prefix below which export jobs may write, s3://bucket/prefix.", o => o.ExportS3 ?? None, (o, v) => o with { ExportS3 = v == None ? null : Bucket(v) }),
        new("export_s3_endpoint", "A service other than Amazon's that speaks S3, http://host:port.", o => o.ExportS3Endpoint ?? None, (o, v) => o with { ExportS3Endpoint = v == None ? null : Url(v) }),
        new("webhook_hosts", "Hosts that webhooks may lead to, with commas; .example.org stands for all below it.", o => o.WebhookHosts ?? None, (o, v) => o with { WebhookHosts = v == None ? null : v }),
        new("webhook_key", "File with the key that webhooks' secrets are encrypted under, or env:NAME; none: a file in the data folder.", o => o.WebhookKey ?? None, (o, v) => o with { WebhookKey = v == None ? null : NotEmpty(v) }),
        new("topics", "File with the list of topics that a cluster reads as sources; none reads none.", o => o.Topics ?? None, (o, v) => o with { Topics = v == None ? null : NotEmpty(v) }),
        new("sources", "File with the list of HTTP APIs that are polled as sources; none polls none.", o => o.Sources ?? None, (o, v) => o with { Sources = v == None ? null : NotEmpty(v) }),
        new("card_keys", "File with the keys that card tokens are made with, or env:NAME; none: a file in the data folder.", o => o.CardKeys ?? None, (o, v) => o with { CardKeys = v == None ? null : NotEmpty(v) }),
        new("fraud_policy", "File with what an authorization is answered when something fails; none: what comes with Lambda.", o => o.FraudPolicy ?? None, (o, v) => o with { FraudPolicy = v == None ? null : NotEmpty(v) }),
        new("fraud_rules", "File with the fraud rules of an installation that has none yet; none: what comes with Lambda.", o => o.FraudRules ?? None, (o, v) => o with { FraudRules = v == None ? null : NotEmpty(v) }),
    ];

    private static Setting Number(string name, string doc, Func<LambdaOptions, int> get, Func<LambdaOptions, int, LambdaOptions> set, int min, int max) => new(
        name, doc, o => get(o).ToString(CultureInfo.InvariantCulture),
        (o, v) => int.TryParse(v, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) && n >= min && n <= max
            ? set(o, n)
            : throw new FormatException($"a whole number {min}..{max}"));

    private static Setting Flag(string name, string doc, Func<LambdaOptions, bool> get, Func<LambdaOptions, bool, LambdaOptions> set) => new(
        name, doc, o => get(o) ? "true" : "false", (o, v) => set(o, v switch { "true" => true, "false" => false, _ => throw new FormatException("true or false") })) { IsFlag = true };

    private static string Address(string text) => System.Net.IPAddress.TryParse(text, out _) ? text : throw new FormatException("an IP address such as 127.0.0.1, 0.0.0.0 or ::");

    private static string NotEmpty(string text) => text.Length > 0 ? text : throw new FormatException("a path");

    private static string OneOf(string text, params string[] known) => known.Contains(text) ? text : throw new FormatException($"one of {string.Join(", ", known)}");

    private static string List(string text, Func<string, string> item) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is { Length: > 0 } items
        ? string.Join(',', items.Select(item))
        : throw new FormatException("a list with commas");

    private static string Place(string text) => text.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(text.AsSpan(colon + 1), CultureInfo.InvariantCulture, out _)
        ? text
        : throw new FormatException("host:port, with commas between several");

    private static string Url(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme is "http" or "https")
        ? text
        : throw new FormatException("an http or https URL, or none");

    private static string Bucket(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "s3", Host.Length: > 0, Query: "", Fragment: "" }
        ? text
        : throw new FormatException("s3://bucket/prefix, or none");
}
