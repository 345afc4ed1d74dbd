using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>API keys of all nodes. Every change takes the row of the version first, so changes come one after another.</summary>
public sealed class PostgresApiKeys(PostgresDatabase database) : IApiKeys
{
    private const string Columns = "id, name, roles, pii, hash, created_at_ms, created_by, expires_at_ms, revoked_at_ms, requests_per_second";

    public long Version() => database.Read("read the version of the keys", connection =>
    {
        using var command = new NpgsqlCommand("SELECT n FROM api_keys_version", connection);
        return (long)command.ExecuteScalar()!;
    });

    public IReadOnlyList<ApiKey> List() => database.Read("read the keys", connection => Read(new NpgsqlCommand($"SELECT {Columns} FROM api_keys ORDER BY seq", connection)));

    public bool TryAdd(ApiKey key) => Add(key, "");

    public bool TryAddFirst(ApiKey key) => Add(key, "WHERE NOT EXISTS (SELECT 1 FROM api_keys)");

    public ApiKey? Revoke(string id, long atMs)
    {
        ApiKey? key = null;
        database.Write($"revoke the key {id}", connection =>
        {
            Advance(connection);
            using var revoke = new NpgsqlCommand("UPDATE api_keys SET revoked_at_ms = $2 WHERE id = $1 AND revoked_at_ms IS NULL", connection) { Parameters = { new() { Value = id }, new() { Value = atMs } } };
            revoke.ExecuteNonQuery();
            key = Read(new NpgsqlCommand($"SELECT {Columns} FROM api_keys WHERE id = $1", connection) { Parameters = { new() { Value = id } } }).FirstOrDefault();
        });
        return key;
    }

    private bool Add(ApiKey key, string condition)
    {
        var added = false;
        database.Write($"add the key {key.Id}", connection =>
        {
            Advance(connection); // first: whoever adds a first key at the same time waits here, and then finds this one
            using var insert = new NpgsqlCommand($"INSERT INTO api_keys({Columns}) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 {condition} ON CONFLICT (id) DO NOTHING", connection);
            foreach (var value in (object?[])[key.Id, key.Name, string.Join(' ', RoleNames.Of(key.Roles)), key.SeesPersonalData, key.Hash.ToArray(), key.CreatedAtMs, key.CreatedBy])
                insert.Parameters.Add(new NpgsqlParameter { Value = value });
            insert.Parameters.Add(Nullable(key.ExpiresAtMs));
            insert.Parameters.Add(Nullable(key.RevokedAtMs));
            insert.Parameters.Add(new NpgsqlParameter { Value = (object?)key.RequestsPerSecond ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Integer });
            added = insert.ExecuteNonQuery() == 1;
        });
        return added;
    }

    private static NpgsqlParameter Nullable(long? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint };

    private static void Advance(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("UPDATE api_keys_version SET n = n + 1", connection);
        command.ExecuteNonQuery();
    }

    private List<ApiKey> Read(NpgsqlCommand command)
    {
        using var disposed = command;
        using var rows = command.ExecuteReader();
        var keys = new List<ApiKey>();
        while (rows.Read())
        {
            var roles = RoleNames.Parse(rows.GetString(2).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                ?? throw new StorageException(database.Place, $"key {rows.GetString(0)} has the roles '{rows.GetString(2)}', which this Lambda does not know: start the newer one that made it");
            keys.Add(new ApiKey(rows.GetString(0), rows.GetString(1), roles, rows.GetBoolean(3), rows.GetFieldValue<byte[]>(4), rows.GetInt64(5), rows.GetString(6),
                rows.IsDBNull(7) ? null : rows.GetInt64(7), rows.IsDBNull(8) ? null : rows.GetInt64(8), rows.IsDBNull(9) ? null : rows.GetInt32(9)));
        }
        return keys;
    }
}
