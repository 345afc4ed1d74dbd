using System.Text.RegularExpressions;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>
/// The database of an installation: a pool of connections on one schema, brought up to date when opened. The stores share it; whoever opened it disposes it.
/// Connections keep their session (a staging table, prepared statements): connect directly, or through a pooler in session mode.
/// </summary>
public sealed partial class PostgresDatabase : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;

    private PostgresDatabase(NpgsqlDataSource source, string place, string schema) => (_source, Place, Schema) = (source, place, schema);

    /// <summary>For messages: `PostgreSQL at HOST:PORT/DATABASE`.</summary>
    public string Place { get; }

    public string Schema { get; }

    /// <param name="connectionString">As Npgsql takes it: `Host=…;Port=5432;Database=…;Username=…;Password=…`.</param>
    /// <param name="schema">An installation's own; made when missing.</param>
    /// <exception cref="StorageException">Cannot be reached or used, does not promise durability, or was migrated by a newer Lambda.</exception>
    public static PostgresDatabase Open(string connectionString, string schema = "lambda")
    {
        if (!SchemaName().IsMatch(schema)) throw new ArgumentException($"schema '{schema}': expected 1 to 40 of a-z, 0-9 and _, not beginning with a digit", nameof(schema));
        var settings = Settings(connectionString, schema);
        var place = $"PostgreSQL at {settings.Host}:{settings.Port}/{settings.Database}";
        var database = new PostgresDatabase(NpgsqlDataSource.Create(settings), place, schema);
        try
        {
            database.Prepare();
            return database;
        }
        catch
        {
            database._source.Dispose();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    /// <summary>Asks again when there is no answer in time: a node that takes over comes when the server has most to do.</summary>
    private void Prepare()
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                Run("prepare the schema", connection =>
                {
                    RequireDurability(connection);
                    Migrations.Apply(connection, Schema, Place);
                    return true;
                });
                return;
            }
            catch (StorageException e) when (tries < PostgresLimits.OpenTries && (e.InnerException?.InnerException is TimeoutException || PostgresFault.IsStoodStill(e.InnerException)))
            {
                // Once more.
            }
        }
    }

    /// <summary>Does something that may be repeated, such as a read: once more on a new connection if an idle one turned out to be dead.</summary>
    /// <param name="isUntouched">False when the caller has been given a part of the result already.</param>
    internal T Read<T>(string doing, Func<NpgsqlConnection, T> work, Func<bool>? isUntouched = null)
    {
        try
        {
            return Run(doing, work);
        }
        catch (StorageException e) when (e.InnerException is NpgsqlException lost && PostgresFault.IsConnectionLost(lost) && (isUntouched?.Invoke() ?? true))
        {
            return Run(doing, work);
        }
    }

    /// <exception cref="StorageException">PostgreSQL could not do it. If the connection was lost during a commit, it may have happened all the same.</exception>
    internal T Run<T>(string doing, Func<NpgsqlConnection, T> work)
    {
        try
        {
            using var connection = _source.OpenConnection();
            return work(connection);
        }
        catch (NpgsqlException e)
        {
            throw Fault(doing, e);
        }
    }

    /// <summary>One durable transaction.</summary>
    internal void Write(string doing, Action<NpgsqlConnection> work) => Run(doing, connection =>
    {
        using var transaction = connection.BeginTransaction();
        work(connection);
        transaction.Commit();
        return true;
    });

    /// <summary>Takes deleted rows out of a table's pages. Outside any transaction.</summary>
    internal void Vacuum(string table) => Run($"vacuum {table}", connection =>
    {
        using var command = new NpgsqlCommand($"VACUUM {table}", connection);
        return command.ExecuteNonQuery();
    });

    /// <summary>For readers that hold a connection over a yield.</summary>
    internal NpgsqlConnection Connect() => _source.OpenConnection();

    internal StorageException Fault(string doing, NpgsqlException e)
    {
        if (PostgresFault.IsConnectionLost(e)) _source.Clear(); // the other idle connections are probably as dead
        return PostgresFault.Told(Place, doing, e);
    }

    private static string IdleBound => $"-c idle_in_transaction_session_timeout={PostgresLimits.IdleInTransactionSeconds}s";

    /// <summary>The connection string for somebody with statements of his own, who must not hold up others either when his process freezes.</summary>
    public static string WithIdleBound(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        settings.Options = $"{settings.Options} {IdleBound}".Trim();
        return settings.ConnectionString;
    }

    private static NpgsqlConnectionStringBuilder Settings(string connectionString, string schema)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException e)
        {
            throw new StorageException("PostgreSQL connection string", $"{e.Message} Expected: Host=…;Port=5432;Database=…;Username=…;Password=…", e);
        }
        if (string.IsNullOrEmpty(settings.Host)) throw new StorageException("PostgreSQL connection string", "Host is missing. Expected: Host=…;Port=5432;Database=…;Username=…;Password=…");
        settings.SearchPath = schema;
        settings.Options = $"{settings.Options} -c jit=off -c client_min_messages=warning {IdleBound}".Trim();
        settings.NoResetOnClose = true; // the staging table stays
        settings.MaxAutoPrepare = 32;
        settings.AutoPrepareMinUsages = 2;
        settings.ApplicationName ??= "lambda";
        settings.CommandTimeout = PostgresLimits.CommandSeconds;
        if (!connectionString.Contains("timeout", StringComparison.OrdinalIgnoreCase)) settings.Timeout = PostgresLimits.ConnectSeconds;
        settings.TcpKeepAlive = true;
        settings.TcpKeepAliveTime = 10;
        settings.TcpKeepAliveInterval = 2;
        return settings;
    }

    private void RequireDurability(NpgsqlConnection connection)
    {
        foreach (var setting in (string[])["fsync", "synchronous_commit"])
        {
            using var command = new NpgsqlCommand($"SHOW {setting}", connection);
            if ((string)command.ExecuteScalar()! == "off") throw new StorageException(Place, $"{setting} is off: what Lambda calls durable could be lost. Switch it on in postgresql.conf.");
        }
    }

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,39}$")]
    private static partial Regex SchemaName();
}
