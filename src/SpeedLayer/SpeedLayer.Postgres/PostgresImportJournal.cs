using System.Text.Json;
using System.Text.Json.Serialization;
using Lambda.Serving.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>How far imports have come, in PostgreSQL.</summary>
public sealed class PostgresImportJournal(PostgresDatabase database) : IImportJournal
{
    public ImportProgress? Get(string key) => database.Read($"read the progress of import {key}", connection =>
    {
        using var command = new NpgsqlCommand("SELECT progress FROM imports WHERE key = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key });
        return command.ExecuteScalar() is string json ? JsonSerializer.Deserialize(json, ImportJson.Default.ImportProgress) : null;
    });

    public void Put(string key, ImportProgress progress) => database.Run($"write the progress of import {key}", connection =>
    {
        using var command = new NpgsqlCommand("INSERT INTO imports(key, progress) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET progress = excluded.progress", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = JsonSerializer.Serialize(progress, ImportJson.Default.ImportProgress) });
        return command.ExecuteNonQuery();
    });
}

/// <summary>A storage format.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ImportProgress))]
internal sealed partial class ImportJson : JsonSerializerContext;
