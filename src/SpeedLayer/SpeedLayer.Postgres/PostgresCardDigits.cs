using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>Sealed digits of all nodes in a table of their own.</summary>
public sealed class PostgresCardDigits(PostgresDatabase database) : ICardDigits
{
    public void Put(string row, byte[] sealedDigits) => database.Run("keep the digits of a card", connection =>
    {
        using var command = new NpgsqlCommand("INSERT INTO card_digits(name, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = row });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = sealedDigits });
        return command.ExecuteNonQuery();
    });

    public byte[]? Find(string row) => database.Read("read the digits of a card", connection =>
    {
        using var command = new NpgsqlCommand("SELECT sealed FROM card_digits WHERE name = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = row });
        return (byte[]?)command.ExecuteScalar();
    });

    public long Remove(IReadOnlyCollection<string> rows)
    {
        var removed = database.Run("remove the digits of cards", connection =>
        {
            using var command = new NpgsqlCommand("DELETE FROM card_digits WHERE name = ANY($1)", connection);
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. rows] });
            return (long)command.ExecuteNonQuery();
        });
        database.Vacuum("card_digits");
        return removed;
    }

    public void Dispose() { } // the database is its opener's
}
