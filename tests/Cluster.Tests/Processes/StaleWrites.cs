#if CLUSTER_RUNTIME && KAFKA
using Npgsql;

namespace Lambda.ClusterTests.Processes;

/// <summary>The database notes every checkpoint of an owner that was overtaken, and every step back of a sink: there must be none, whoever freezes or dies.</summary>
internal static class StaleWrites
{
    public static Task WatchAsync(string postgres) => RunAsync(postgres, """
        SET search_path = lambda;
        CREATE TABLE stale_writes(what text NOT NULL);
        CREATE FUNCTION note_stale_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.generation < (SELECT generation FROM leases WHERE partition = NEW.partition)
                THEN INSERT INTO stale_writes VALUES (format('partition %s: a checkpoint of generation %s', NEW.partition, NEW.generation)); END IF;
            IF TG_OP = 'UPDATE' AND (NEW.generation, NEW.applied) < (OLD.generation, OLD.applied)
                THEN INSERT INTO stale_writes VALUES (format('partition %s: a checkpoint at %s after one at %s', NEW.partition, NEW.applied, OLD.applied)); END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER note_stale_checkpoint BEFORE INSERT OR UPDATE ON checkpoints FOR EACH ROW EXECUTE FUNCTION note_stale_checkpoint();
        CREATE FUNCTION note_stale_sink() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.next < OLD.next THEN INSERT INTO stale_writes VALUES (format('partition %s: its sink at %s after %s', NEW.partition, NEW.next, OLD.next)); END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER note_stale_sink BEFORE UPDATE ON sink_progress FOR EACH ROW EXECUTE FUNCTION note_stale_sink();
        """);

    /// <returns>What was noted; empty when all is well.</returns>
    public static async Task<string> NotedAsync(string postgres) => (await RunAsync(postgres, "SELECT coalesce(string_agg(what, '; '), '') FROM lambda.stale_writes") as string)!;

    private static async Task<object?> RunAsync(string postgres, string sql)
    {
        await using var connection = new NpgsqlConnection(postgres + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
#endif
