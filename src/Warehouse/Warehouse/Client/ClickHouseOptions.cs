namespace Lambda.Warehouse.Client;

public enum Compression
{
    /// <summary>LZ4 unless the server is on this machine, where it only costs time.</summary>
    Auto,
    None,
    Lz4,
}

/// <summary>Where ClickHouse is and how to speak to it. Durations bound one attempt, not the retries.</summary>
public sealed record ClickHouseOptions
{
    public required Uri Url { get; init; }

    /// <summary>Lambda's own Atomic database.</summary>
    public string Database { get; init; } = "lambda";

    public string User { get; init; } = "";
    public string Key { get; init; } = "";
    public Compression Compression { get; init; } = Compression.Auto;
    public int ConnectionsMax { get; init; } = 16;
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From sending to the response's first bytes: an insert or a statement must be through by then.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a repeatable request is tried again while the server is away; a local child is back in well under a second.</summary>
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan RetryPauseFirst { get; init; } = TimeSpan.FromMilliseconds(50);
    public TimeSpan RetryPauseMax { get; init; } = TimeSpan.FromSeconds(1);

    internal bool Compresses => Compression == Compression.Lz4 || (Compression == Compression.Auto && !Url.IsLoopback);

    /// <exception cref="ArgumentException">Names the option and what was expected.</exception>
    internal void Validate()
    {
        if (!Url.IsAbsoluteUri || Url.Scheme is not ("http" or "https"))
            throw new ArgumentException($"warehouse URL `{Url}`: expected an absolute http or https URL");
        if (Database.Length == 0 || Database is "default" or "system")
            throw new ArgumentException($"warehouse database `{Database}`: expected a database of Lambda's own");
    }
}
