using System.Net;
using Lambda.TestKit;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

[Collection(LocalWarehouseCollection.Name)]
public sealed class SettingsTests(LocalWarehouseFixture warehouse)
{
    private const string Get = "SELECT getSetting('max_block_size')";

    [SkippableTheory]
    [InlineData("SELECT 1", "max_block_size=4242")]
    [InlineData("SELECT 1", "max_block_size=4242&no_such_setting=1")]
    [InlineData("SELECT throwIf(1)", "max_block_size=4242")]
    [InlineData("SELECT 1", "compatibility=22.1&max_block_size=4242")]
    [InlineData("SELECT 1", "max_block_size=4242&readonly=1")]
    [InlineData("SET max_block_size = 4242", "")]
    [InlineData("SELECT 1 SETTINGS max_block_size = 4242", "")]
    public async Task Settings_OfARequest_AreGoneInTheNext(string sql, string parameters)
    {
        using var client = new RawClient(warehouse.Url);
        var before = await client.RunAsync("SELECT count() FROM system.settings WHERE changed");
        for (var round = 0; round < 12; round++) // more than there are connections
            await client.PostAsync(sql, parameters);
        for (var round = 0; round < 12; round++)
        {
            Assert.NotEqual("4242\n", await client.RunAsync(Get));
            Assert.Equal(before, await client.RunAsync("SELECT count() FROM system.settings WHERE changed"));
        }
    }

    [SkippableFact]
    public async Task Settings_InTheUrl_HoldForTheRequest()
    {
        using var client = new RawClient(warehouse.Url);
        Assert.Equal("4242\n", await client.RunAsync(Get, "max_block_size=4242"));
        Assert.Equal("it's \\ a; text\n", await client.RunAsync("SELECT getSetting('log_comment') FORMAT TSVRaw", "log_comment=it's%20%5C%20a;%20text"));
        Assert.Equal(396, (await client.PostAsync("SELECT number FROM numbers(100000)", "max_result_rows=10&wait_end_of_query=1")).Code);
        Assert.Equal("[{\"a\":1}\n]\n".Replace("\n", ""),
            (await client.RunAsync("SELECT 1 AS a FORMAT JSONEachRow", "output_format_json_array_of_rows=1")).Replace("\n", ""));
    }

    [SkippableTheory]
    [InlineData("readonly=1")]
    [InlineData("readonly=2")]
    [InlineData("user=readonly")]
    public async Task ReadOnly_RefusesWhatIsNoRead(string parameters)
    {
        using var client = new RawClient(warehouse.Url);
        await client.RunAsync("CREATE TABLE IF NOT EXISTS guarded (a UInt8) ENGINE = MergeTree ORDER BY a");
        foreach (var sql in new[]
                 {
                     "INSERT INTO guarded VALUES (1)", "INSERT INTO guarded SELECT 1", "DROP TABLE guarded", "SYSTEM FLUSH LOGS",
                     "CREATE TABLE more (a UInt8) ENGINE = Memory", "ALTER TABLE guarded DELETE WHERE 1", "SET readonly = 0",
                     "INSERT INTO guarded FORMAT CSV\n1\n",
                 })
            Assert.Equal((HttpStatusCode.InternalServerError, 164), ((await client.PostAsync(sql, parameters)).Status, (await client.PostAsync(sql, parameters)).Code));
        Assert.Equal("0\n", await client.RunAsync("SELECT count() FROM guarded", parameters));
        Assert.NotEqual(0, (await client.PostAsync("SELECT 1 SETTINGS max_threads = 1", "readonly=1")).Code);
        Assert.Equal("1\n", await client.RunAsync("SELECT 1 SETTINGS max_threads = 1", "readonly=2"));
    }

    [SkippableTheory]
    [InlineData("SELECT * FROM file('/etc/hostname', 'LineAsString')")]
    [InlineData("SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')")]
    public async Task ReadOnly_RefusesFilesAndUrls(string sql)
    {
        using var client = new RawClient(warehouse.Url);
        Assert.Equal(164, (await client.PostAsync(sql, "readonly=1")).Code);
    }

    [SkippableFact]
    public async Task Session_KeepsTablesSettingsAndDatabase()
    {
        using var client = new RawClient(warehouse.Url);
        const string session = "session_id=keeps";
        await client.RunAsync("CREATE TEMPORARY TABLE mine (a UInt8)", session);
        await client.RunAsync("INSERT INTO mine VALUES (7)", session);
        await client.RunAsync("SET max_block_size = 77", session);
        await client.RunAsync("USE system", session);
        Assert.Equal("7\n", await client.RunAsync("SELECT a FROM mine", session));
        Assert.Equal("78\n", await client.RunAsync(Get, session + "&max_block_size=78"));
        Assert.Equal("77\n", await client.RunAsync(Get, session));
        Assert.Equal("system\n", await client.RunAsync("SELECT currentDatabase()", session));
        Assert.Equal("default\n", await client.RunAsync("SELECT currentDatabase()", session + "&database=default"));
        Assert.Equal("system\n", await client.RunAsync("SELECT currentDatabase()", session));
        Assert.Equal(60, (await client.PostAsync("SELECT a FROM mine")).Code);
        Assert.Equal("7\n", await client.RunAsync("SELECT a FROM mine", session + "&close_session=1"));
        Assert.Equal(372, (await client.PostAsync("SELECT 1", session + "&session_check=1")).Code);
    }

    [SkippableFact]
    public async Task Session_InUse_IsLockedForOthers()
    {
        using var client = new RawClient(warehouse.Url);
        const string session = "session_id=busy";
        var running = client.PostAsync("SELECT sleep(1) AS busy_session", session);
        while (await client.RunAsync("SELECT count() FROM system.processes WHERE query LIKE '%AS busy_session%' AND query NOT LIKE '%processes%'") == "0\n")
        {
        }
        Assert.Equal(373, (await client.PostAsync("SELECT 1", session)).Code);
        Assert.Equal("0\n", (await running).Text);
        Assert.Equal("1\n", await client.RunAsync("SELECT 1", session));
        Assert.Equal(374, (await client.PostAsync("SELECT 1", session + "&session_timeout=99999")).Code);
    }
}
