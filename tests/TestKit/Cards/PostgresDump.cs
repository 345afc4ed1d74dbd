using System.Text;
using Npgsql;

namespace Lambda.TestKit.Cards;

/// <summary>Every row of a database of PostgreSQL, and what it remembers of statements.</summary>
public static class PostgresDump
{
    public static async Task<List<(string Place, byte[] Bytes)>> OfAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var tables = new List<string> { "pg_stat_activity" };
        await using (var list = source.CreateCommand("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"))
        await using (var names = await list.ExecuteReaderAsync())
            while (await names.ReadAsync()) tables.Add(names.GetString(0));
        var found = new List<(string, byte[])>();
        foreach (var table in tables)
        {
            await using var all = source.CreateCommand($"SELECT * FROM {table}");
            await using var rows = await all.ExecuteReaderAsync();
            var bytes = new MemoryStream();
            while (await rows.ReadAsync())
                for (var i = 0; i < rows.FieldCount; i++)
                    if (!rows.IsDBNull(i)) bytes.Write(rows.GetFieldType(i) == typeof(byte[]) ? (byte[])rows[i] : Encoding.UTF8.GetBytes($" {(rows.GetFieldType(i) == typeof(string) ? rows.GetString(i) : rows.GetDataTypeName(i))}"));
            found.Add(($"table {table}", bytes.ToArray()));
        }
        return found;
    }
}
