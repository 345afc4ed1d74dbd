using System.Collections.Concurrent;
using Lambda.SpeedLayer.Postgres;
using Lambda.SpeedLayer.Postgres.Local;
using Npgsql;
using Xunit;

namespace Lambda.TestKit;

/// <summary>
/// A PostgreSQL server for all tests of a collection: one of our own in a temporary folder, or the one that LAMBDA_POSTGRES names (a connection string).
/// Where there is neither, tests must skip: use it from a SkippableFact. Tests make schemas of their own, by <see cref="NewSchema"/>.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly ConcurrentBag<string> _schemas = [];
    private LocalPostgres? _local;

    private static string? Named => Environment.GetEnvironmentVariable("LAMBDA_POSTGRES") is { Length: > 0 } value ? value : null;

    public string ConnectionString
    {
        get
        {
            SkipIfAbsent();
            return Named ?? _local!.ConnectionString;
        }
    }

    /// <summary>Skips where there is none: a server that a test starts for itself, to kill it.</summary>
    public static void SkipIfNotLocal() => Skip.If(LocalPostgres.WhyAbsent is not null, LocalPostgres.WhyAbsent);

    public static void SkipIfAbsent() => Skip.If(Named is null && LocalPostgres.WhyAbsent is not null, $"{LocalPostgres.WhyAbsent} in LAMBDA_POSTGRES");

    /// <summary>A name no other test has; dropped at the end.</summary>
    public string NewSchema()
    {
        SkipIfAbsent();
        var name = $"test_{Guid.NewGuid():N}";
        _schemas.Add(name);
        return name;
    }

    /// <summary>An installation's database: of this schema, or a new one.</summary>
    public PostgresDatabase Open(string? schema = null) => PostgresDatabase.Open(ConnectionString, schema ?? NewSchema());

    /// <summary>What only somebody else would do to the database.</summary>
    public int Execute(string sql)
    {
        using var connection = new NpgsqlConnection(ConnectionString);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteNonQuery();
    }

    public async Task InitializeAsync()
    {
        if (Named is null && LocalPostgres.WhyAbsent is null) _local = await LocalPostgres.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_local is not null) await _local.DisposeAsync();
        else
            foreach (var schema in _schemas) Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
    }
}
