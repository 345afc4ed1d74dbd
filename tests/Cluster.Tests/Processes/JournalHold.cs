#if CLUSTER_RUNTIME && KAFKA
using Npgsql;

namespace Lambda.ClusterTests.Processes;

/// <summary>
/// Stops a batch run at a step: the insert of this event into the run's journal waits in the database. The step's effect is then there, its record is not: the
/// hardest moment to lose the node that drives the run.
/// </summary>
internal sealed class JournalHold : IAsyncDisposable
{
    private const int Lock = 8360;

    private readonly NpgsqlConnection _connection;

    private JournalHold(NpgsqlConnection connection) => _connection = connection;

    /// <param name="happened">Name of the event as the journal writes it.</param>
    public static async Task<JournalHold> BeginAsync(string postgres, string happened)
    {
        var hold = new JournalHold(new NpgsqlConnection(postgres));
        await hold._connection.OpenAsync();
        await hold.ExecuteAsync($$"""
            SELECT pg_advisory_lock({{Lock}});
            CREATE OR REPLACE FUNCTION hold_journal() RETURNS trigger LANGUAGE plpgsql AS $body$
            BEGIN
                IF convert_from(NEW.message, 'UTF8') LIKE '{"event":"' || TG_ARGV[0] || '"%' THEN PERFORM pg_advisory_xact_lock_shared({{Lock}}); END IF;
                RETURN NEW;
            END $body$;
            CREATE OR REPLACE TRIGGER hold_journal BEFORE INSERT ON lambda_run_journal FOR EACH ROW EXECUTE FUNCTION hold_journal('{{happened}}');
            """);
        return hold;
    }

    /// <summary>Until the run is held.</summary>
    public async Task ReachedAsync()
    {
        while (await ExecuteAsync($"SELECT pid FROM pg_locks WHERE {Waits}") is null) await Task.Delay(10);
    }

    /// <summary>The record is lost with the node that was writing it: a killed process's server session does not notice before it has written.</summary>
    public Task LoseAsync() => ExecuteAsync($"SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE {Waits}");

    /// <summary>Lets go on whoever still waits.</summary>
    public async ValueTask DisposeAsync()
    {
        await ExecuteAsync($"SELECT pg_advisory_unlock({Lock}); DROP TRIGGER hold_journal ON lambda_run_journal");
        await _connection.DisposeAsync();
    }

    private static string Waits => $"locktype = 'advisory' AND objid = {Lock} AND NOT granted";

    private async Task<object?> ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        return await command.ExecuteScalarAsync();
    }
}
#endif
