using System.Text;

namespace Lambda.TestKit.Cards;

/// <summary>Everything that a warehouse holds, as text: files are compressed, and logs, errors and running statements are tables too.</summary>
public static class WarehouseDump
{
    /// <param name="url">ClickHouse's HTTP interface, without a user.</param>
    /// <returns>Each table that has rows, by name.</returns>
    public static async Task<List<(string Place, byte[] Bytes)>> OfAsync(Uri url)
    {
        using var http = new HttpClient { BaseAddress = url };
        var found = new List<(string, byte[])>();
        const string tables = "SELECT concat('`', database, '`.`', name, '`') FROM system.tables WHERE database NOT ILIKE 'information_schema' AND (database != 'system' OR name ILIKE '%log%' OR name IN ('errors', 'processes', 'query_cache', 'warnings', 'tables', 'columns', 'mutations', 'merges', 'parts', 'settings', 'settings_changes', 'user_processes')) AND engine NOT LIKE '%View'";
        foreach (var table in (await AskAsync(http, $"{tables} FORMAT TabSeparatedRaw")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            found.Add(($"warehouse {table}", Encoding.UTF8.GetBytes(await AskAsync(http, $"SELECT * FROM {table} FORMAT JSONEachRow"))));
        return found;
    }

    public static async Task<string> AskAsync(HttpClient http, string sql)
    {
        using var answer = await http.PostAsync("/?output_format_json_escape_forward_slashes=0", new StringContent(sql));
        return await answer.Content.ReadAsStringAsync();
    }
}
