using System.CommandLine;
using Lambda.Cluster.Embedded;
using Lambda.Serving.Local;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Postgres;

namespace Lambda.Cluster.Cli;

/// <summary>Keys and audit log where they are stored, for commands that work without a host: for the first key, and for looking at a log without asking who wrote it.</summary>
internal sealed class SecurityStores : IAsyncDisposable
{
    public static readonly Option<string?> Data = new("--data") { Description = "Work on this data folder instead of a host.", HelpName = "DIR" };
    public static readonly Option<string?> Postgres = new("--postgres") { Description = "Work on this database of a cluster instead of a host.", HelpName = "CONNECTION" };

    private readonly string? _folder;
    private readonly PostgresDatabase? _database;
    private SqliteApiKeys? _local;

    private SecurityStores(string? folder, PostgresDatabase? database) => (_folder, _database) = (folder, database);

    public IApiKeys Keys => _database is null ? _local ??= new SqliteApiKeys(Path.Combine(_folder!, DataFolder.KeysFile)) : new PostgresApiKeys(_database);

    public IAuditStore Audit => _database is null ? new FileAuditStore(Path.Combine(_folder!, DataFolder.AuditFolder), isReadOnly: true) : new PostgresAuditStore(_database, "");

    /// <summary>Null when neither option is given: a host is meant.</summary>
    /// <exception cref="CommandException">Both are given.</exception>
    public static SecurityStores? Of(ParseResult parse)
    {
        var (data, postgres) = (parse.GetValue(Data), parse.GetValue(Postgres));
        if (data is not null && postgres is not null) throw new CommandException(ExitCode.Usage, "--data and --postgres: expected one of them");
        if (postgres is not null) return new SecurityStores(null, PostgresDatabase.Open(postgres));
        return data is null ? null : new SecurityStores(data, null);
    }

    public async ValueTask DisposeAsync()
    {
        _local?.Dispose();
        if (_database is not null) await _database.DisposeAsync();
    }
}
