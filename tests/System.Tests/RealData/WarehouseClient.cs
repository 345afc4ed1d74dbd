namespace Lambda.SystemTests.RealData;

/// <summary>Asks the warehouse as any client of ClickHouse's HTTP interface would.</summary>
internal sealed class WarehouseClient(Uri url) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = url };

    /// <returns>Tab-separated lines without the last line end; the error's text when there is an error.</returns>
    public async Task<string> QueryAsync(string sql)
    {
        using var answer = await _http.PostAsync("/?database=lambda&default_format=TabSeparated", new StringContent(sql));
        return (await answer.Content.ReadAsStringAsync()).TrimEnd('\n');
    }

    public void Dispose() => _http.Dispose();
}
