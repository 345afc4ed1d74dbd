using System.Text.Json;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>The journal of runs in PostgreSQL. One process appends at a time, the one that drives the runs; all may read.</summary>
public sealed class PostgresRunJournal(PostgresDatabase database) : IRunJournal
{
    public IReadOnlyList<RunEvent> Load() => database.Read("read the run journal", connection =>
    {
        using var command = new NpgsqlCommand("SELECT seq, event FROM run_events ORDER BY seq", connection);
        using var rows = command.ExecuteReader();
        var events = new List<RunEvent>();
        while (rows.Read()) events.Add(Parse(rows.GetInt64(0), rows.GetString(1)));
        return events;
    });

    public Task AppendAsync(RunEvent happened)
    {
        database.Run($"journal run {happened.Run}", connection =>
        {
            using var command = new NpgsqlCommand("INSERT INTO run_events(run, event) VALUES ($1, $2)", connection);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = happened.Run });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = JsonSerializer.Serialize(happened, RunJson.Default.RunEvent) });
            return command.ExecuteNonQuery();
        });
        return Task.CompletedTask;
    }

    private RunEvent Parse(long seq, string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, RunJson.Default.RunEvent) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InvalidDataException($"{database.Place}: record {seq} of the run journal cannot be read ({e.Message}). It was written by a newer version, or the table is damaged: restore it from a backup.", e);
        }
    }
}
