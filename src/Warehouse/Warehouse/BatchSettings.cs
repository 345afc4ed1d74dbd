using Lambda.Warehouse.Client;

namespace Lambda.Warehouse;

/// <summary>Settings of the statements of a batch run: they may take their time, inserts and answers may not.</summary>
internal sealed class BatchSettings(ClickHouseClient client)
{
    private const string Nice = "os_threads_nice_value_query";

    private QuerySettings? _settings;

    /// <summary>
    /// A thread per statement (two cost 40 % more processor time for the same rows; who wants it faster computes two partitions at a time), of low priority where
    /// the server's version can do that and its user may.
    /// </summary>
    public async Task<QuerySettings> GetAsync(CancellationToken cancel)
    {
        if (_settings is { } known) return known;
        var can = await client.ListAsync("SELECT 1 FROM system.settings WHERE name = {name:String}", (ref RowBinaryReader row) => row.UInt8(),
            new QueryParameters { { "name", Nice } }, cancel: cancel);
        var settings = new QuerySettings { ["max_threads"] = "1" };
        if (can.Count > 0) settings[Nice] = "15";
        return _settings = settings;
    }
}
