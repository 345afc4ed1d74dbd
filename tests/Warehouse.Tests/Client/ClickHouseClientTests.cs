using System.Net;
using System.Text;
using Lambda.Warehouse.Client;
using Xunit;

namespace Lambda.Warehouse.Tests.Client;

/// <summary>The client against a scripted server: what only a misbehaving one shows.</summary>
public sealed class ClickHouseClientTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private const string Tag = "X-ClickHouse-Exception-Tag: abcdefghijklmnop\r\n";

    private static ClickHouseClient ClientOf(ScriptedServer server, Func<ClickHouseOptions, ClickHouseOptions>? change = null)
    {
        var options = new ClickHouseOptions { Url = server.Url, RetryFor = TimeSpan.FromSeconds(5), RetryPauseFirst = TimeSpan.FromMilliseconds(1) };
        return new ClickHouseClient(change?.Invoke(options) ?? options);
    }

    private static async Task<(List<byte> Rows, ClickHouseException? Error)> ReadAsync(ClickHouseClient client)
    {
        var rows = new List<byte>();
        try
        {
            await foreach (var row in client.QueryAsync("SELECT x", (ref RowBinaryReader row) => row.UInt8())) rows.Add(row);
            return (rows, null);
        }
        catch (ClickHouseException error)
        {
            return (rows, error);
        }
    }

    [Fact]
    public async Task Query_WhenServerFailsMidStream_GivesTheRowsBeforeAndRaisesItsError()
    {
        byte[] body = [1, 2, 3, .. "\r\n__exception__\r\nabcdefghijklmnop\r\nCode: 395. DB::Exception: boom. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)\n77 abcdefghijklmnop\r\n__exception__\r\n"u8];
        foreach (var answer in new[] { ScriptedServer.Ok(body, Tag), ScriptedServer.Cut(body, Tag) })
        {
            using var server = new ScriptedServer([answer]);
            using var client = ClientOf(server);
            var (rows, error) = await ReadAsync(client);
            Assert.Equal([1, 2, 3], rows);
            Assert.Equal((395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO", Fault.Bug), (error!.Code, error.Name, error.Fault));
        }
    }

    [Fact]
    public async Task Query_WhenConnectionIsCutMidStream_RaisesATransientFault()
    {
        using var server = new ScriptedServer([ScriptedServer.Cut([1, 2, 3], Tag)]);
        using var client = ClientOf(server);
        var (_, error) = await ReadAsync(client);
        Assert.Equal((0, Fault.Transient), (error!.Code, error.Fault));
    }

    [Fact]
    public async Task Query_WhenResponseEndsWithinARow_Raises()
    {
        using var server = new ScriptedServer([ScriptedServer.Ok([1, 2, 3])]);
        using var client = ClientOf(server);
        var rows = new List<ushort>();
        var error = await Assert.ThrowsAsync<ClickHouseException>(async () =>
        {
            await foreach (var row in client.QueryAsync("SELECT x", (ref RowBinaryReader row) => row.UInt16())) rows.Add(row);
        });
        Assert.Equal([0x0201], rows);
        Assert.Contains("within a row", error.Message);
    }

    [Fact]
    public async Task Execute_WhenServerHangsUp_IsRepeatedOnlyIfSafe()
    {
        using var server = new ScriptedServer([null, null, ScriptedServer.Ok([]), null]);
        using var client = ClientOf(server);
        await client.ExecuteAsync("ALTER", repeat: Repeat.Safe);
        Assert.Equal(3, server.Heads.Count);
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => client.ExecuteAsync("INSERT"));
        Assert.Equal(Fault.Transient, error.Fault);
        Assert.Equal(4, server.Heads.Count);
    }

    [Fact]
    public async Task Insert_WhenServerIsShortOfSomething_SendsTheSameAgain()
    {
        using var server = new ScriptedServer([ScriptedServer.Error(500, "Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)", "X-ClickHouse-Exception-Code: 252\r\n"), ScriptedServer.Ok([])]);
        using var client = ClientOf(server);
        await client.InsertAsync("INSERT INTO t FORMAT Native", (to, cancel) => to.WriteAsync("rows"u8.ToArray(), cancel), Repeat.Safe);
        Assert.Equal(["rows", "rows"], server.Bodies.Select(Encoding.ASCII.GetString));
    }

    [Fact]
    public async Task Execute_WhenServerStaysAway_GivesUpAfterItsTime()
    {
        var server = new ScriptedServer([]);
        using var client = ClientOf(server, o => o with { RetryFor = TimeSpan.FromMilliseconds(100) });
        server.Dispose();
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => client.ExecuteAsync("SELECT 1", repeat: Repeat.Safe));
        Assert.Equal((Fault.Transient, "TRANSPORT"), (error.Fault, error.Name));
        Assert.False(await client.PingAsync(None));
    }

    [Fact]
    public async Task Execute_WhenRefused_SaysCodeNameStatusAndIsNotRepeated()
    {
        using var server = new ScriptedServer([ScriptedServer.Error(404, "Code: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE) (version 26.7)\n", "X-ClickHouse-Exception-Code: 60\r\n")]);
        using var client = ClientOf(server);
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => client.ExecuteAsync("SELECT * FROM t", repeat: Repeat.Safe));
        Assert.Equal((60, "UNKNOWN_TABLE", HttpStatusCode.NotFound, Fault.Bug), (error.Code, error.Name, error.Status, error.Fault));
        Assert.Contains("SELECT * FROM t", error.Message);
    }

    [Fact]
    public async Task Insert_WhenServerRefusesWithoutReadingTheBody_RaisesItsAnswer()
    {
        using var server = new ScriptedServer([ScriptedServer.Error(400, "Code: 27. DB::Exception: bad. (CANNOT_PARSE_INPUT_ASSERTION_FAILED)", "X-ClickHouse-Exception-Code: 27\r\n")], answerEarly: true);
        using var client = ClientOf(server);
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => client.InsertAsync(
            "INSERT", async (to, cancel) =>
            {
                for (var i = 0; i < 64; i++) await to.WriteAsync(new byte[1 << 20], cancel);
            }, Repeat.Never));
        Assert.Equal((27, Fault.DataRefused), (error.Code, error.Fault));
    }

    [Fact]
    public async Task Execute_WhenParametersHoldEverything_SendsThemEscapedBesideTheStatement()
    {
        using var server = new ScriptedServer([ScriptedServer.Ok([])]);
        using var client = ClientOf(server, o => o with { User = "u", Key = "k ü" });
        await client.ExecuteAsync("SELECT {a:String}", new QueryParameters { { "a", "t\t'&=ü" } }, new QuerySettings { ["max_threads"] = "1" });
        Assert.Contains(@"param_a=t%5Ct%5C%27%26%3D%C3%BC", server.Heads[0]);
        Assert.Contains("database=lambda&query_id=", server.Heads[0]);
        Assert.Contains("&max_threads=1&", server.Heads[0]);
        Assert.Contains("X-ClickHouse-User: u\r\n", server.Heads[0]);
        Assert.Equal("SELECT {a:String}", Encoding.UTF8.GetString(server.Bodies[0]));
    }

    [Fact]
    public async Task Query_WhenCancelledWhileWaiting_Stops()
    {
        var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start(); // accepts and never answers
        using var client = new ClickHouseClient(new ClickHouseOptions { Url = new Uri($"http://{listener.LocalEndpoint}") });
        using var cancel = new CancellationTokenSource();
        var running = client.ExecuteAsync("SELECT 1", repeat: Repeat.Safe, cancel: cancel.Token);
        using var accepted = await listener.AcceptTcpClientAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        listener.Dispose();
    }

    [Fact]
    public async Task Compression_WhenOn_BothWaysUseBlocks()
    {
        var plain = Enumerable.Range(0, 3_000_000).Select(i => (byte)(i / 1000)).ToArray();
        var packed = new MemoryStream();
        await using (var writer = new Lz4BlockWriter(packed))
        {
            await writer.WriteAsync(plain);
            await writer.FinishAsync(None);
        }
        Assert.True(packed.Length < plain.Length / 10);
        using var server = new ScriptedServer([ScriptedServer.Ok(packed.ToArray()), ScriptedServer.Ok([])]);
        using var client = ClientOf(server, o => o with { Compression = Compression.Lz4 });
        var (rows, error) = await ReadAsync(client);
        Assert.Null(error);
        Assert.True(plain.AsSpan().SequenceEqual(rows.ToArray()));
        await client.InsertAsync("INSERT", (to, cancel) => to.WriteAsync(plain, cancel), Repeat.Never);
        Assert.Equal(packed.ToArray(), server.Bodies[1]);
        Assert.Contains("&compress=1", server.Heads[0]);
        Assert.Contains("&decompress=1", server.Heads[1]);
    }

    [Theory]
    [InlineData("ftp://x", "lambda")]
    [InlineData("http://x", "default")]
    [InlineData("http://x", "")]
    public void Options_WhenWrong_AreRefused(string url, string database) =>
        Assert.Throws<ArgumentException>(() => new ClickHouseClient(new ClickHouseOptions { Url = new Uri(url), Database = database }));
}
