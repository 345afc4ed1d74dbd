namespace Lambda.Cluster.Embedded;

/// <summary>Where an embedded installation keeps what: one folder, one process at a time.</summary>
internal sealed class DataFolder : IDisposable
{
    public const string KeysFile = "keys.db", AuditFolder = "audit", CardKeysFile = "card.keys";

    private readonly FileStream _lock;

    /// <exception cref="DataFolderException">Another process uses it, or it cannot be written.</exception>
    public DataFolder(string path)
    {
        Root = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(Root);
            Directory.CreateDirectory(Bases);
            Directory.CreateDirectory(Checkpoints);
            _lock = new FileStream(Path.Combine(Root, "lambda.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataFolderException($"data folder {Root} cannot be used: {e.Message} Is another Lambda running on it? Stop it or choose another folder with --data.", e);
        }
    }

    public string Root { get; }
    public string Log => Path.Combine(Root, "log.db");
    public string Checkpoints => Path.Combine(Root, "checkpoints");
    public string Quarantine => Path.Combine(Root, "quarantine.db");
    public string SinkProgress => Path.Combine(Root, "sink.db");
    public string Runs => Path.Combine(Root, "runs.db");
    public string Bases => Path.Combine(Root, "base");
    public string Fraud => Path.Combine(Root, "fraud");
    public string Keys => Path.Combine(Root, KeysFile);
    public string Cards => Path.Combine(Root, "cards.db");
    public string CardKeys => Path.Combine(Root, CardKeysFile);
    public string WebhookKey => Path.Combine(Root, "webhook.key");
    public string CardDigits => Path.Combine(Root, "card-digits.db");
    public string Segments => Path.Combine(Root, "segments.db");
    public string Identity => Path.Combine(Root, "identity.db");
    public string Audit => Path.Combine(Root, AuditFolder);
    public string Warehouse => Path.Combine(Root, "warehouse");

    public void Dispose() => _lock.Dispose();
}

public sealed class DataFolderException(string message, Exception? inner = null) : Exception(message, inner);
