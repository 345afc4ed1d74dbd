using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Lambda.TestKit;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

[Collection(LocalWarehouseCollection.Name)]
public sealed class InsertTests(LocalWarehouseFixture warehouse)
{
    [SkippableFact]
    public async Task Data_WithBlankLinesAndSqlInIt_IsDataOnly()
    {
        using var client = new RawClient(warehouse.Url);
        var table = await NewTableAsync(client, "a UInt32, b String");
        var rows = $"{{\"a\":1,\"b\":\"x\"}}\n\n\n{{\"a\":2,\"b\":\"; DROP TABLE {table};\"}}\n\n";
        await InsertAsync(client, $"INSERT INTO {table} FORMAT JSONEachRow", rows);
        Assert.Equal("2\n", await client.RunAsync($"SELECT count() FROM {table}"));

        // A statement behind a blank line: the engine's own way would run it.
        var answer = await client.PostAsync($"INSERT INTO {table} FORMAT TSV\n3\tx\n\nDROP TABLE {table}\n");
        Assert.Equal((HttpStatusCode.BadRequest, 27), (answer.Status, answer.Code));
        Assert.Equal("2\n", await client.RunAsync($"SELECT count() FROM {table}"));
    }

    [SkippableTheory]
    [InlineData("INSERT INTO {0} VALUES (1, 'a;'), (2, concat('b', 'c'));")]
    [InlineData("INSERT INTO {0} (a, b) VALUES (1, 'x'), (2, 'y') ; -- all")]
    [InlineData("INSERT INTO {0} FORMAT CSV\n1,a\n2,b\n")]
    [InlineData("\ufeffINSERT INTO\u3000{0} FORMAT CSV\n1,a\n2,b\n")]
    [InlineData("INSERT INTO {0} FORMAT JSONEachRow {{\"a\":1}} {{\"a\":2}}")]
    [InlineData("INSERT INTO {0} SELECT number + 1, 'x' FROM numbers(2)")]
    [InlineData("INSERT INTO {0} SETTINGS input_format_csv_skip_first_lines = 1 FORMAT CSV\nhead\n1,a\n2,b\n")]
    public async Task Insert_WhollyInTheBody_IsWritten(string sql)
    {
        using var client = new RawClient(warehouse.Url);
        var table = await NewTableAsync(client, "a UInt32, b String");
        var answer = await client.PostAsync(string.Format(sql, table));
        Assert.Equal("", answer.Text);
        Assert.Contains("\"written_rows\":\"2\"", answer.Header("X-ClickHouse-Summary"));
        Assert.Equal("2\t3\n", await client.RunAsync($"SELECT count(), sum(a) FROM {table}"));
    }

    [SkippableFact]
    public async Task Insert_OfBinaryRows_RoundTripsEveryByte()
    {
        using var client = new RawClient(warehouse.Url);
        var table = await NewTableAsync(client, "a UInt32, b String");
        var all = Enumerable.Range(0, 256).Select(static b => (byte)b).ToArray();
        byte[] row = [1, 0, 0, 0, 0x80, 2, .. all];
        await InsertAsync(client, $"INSERT INTO {table} FORMAT RowBinary", row);
        Assert.Equal($"{Convert.ToHexString(all)}\n", await client.RunAsync($"SELECT hex(b) FROM {table}"));
    }

    [SkippableTheory]
    [InlineData("Native")]
    [InlineData("RowBinaryWithNamesAndTypes")]
    [InlineData("JSONEachRow")]
    [InlineData("Parquet")]
    public async Task Export_GivenBackAsInsert_GivesTheSameTable(string format)
    {
        using var client = new RawClient(warehouse.Url);
        var table = await NewTableAsync(client, "a UInt64, b LowCardinality(String), c Nullable(Decimal(18, 4)), d DateTime64(6, 'UTC')");
        var source = "SELECT number AS a, concat('v', toString(number % 9))::LowCardinality(String) AS b, if(number % 5 = 0, NULL, number / 8)::Nullable(Decimal(18, 4)) AS c,"
            + " toDateTime64('2024-01-01 00:00:00', 6, 'UTC') + number AS d FROM numbers(300000)";
        using var export = await client.Http.PostAsync("/", new StringContent($"{source} FORMAT {format}"));
        await InsertAsync(client, $"INSERT INTO {table} FORMAT {format}", await export.Content.ReadAsByteArrayAsync());
        const string hash = "SELECT count(), sum(cityHash64(a, b, c, d)) FROM ";
        Assert.Equal(await client.RunAsync($"{hash} ({source})"), await client.RunAsync(hash + table));
    }

    [SkippableFact]
    public async Task Body_Gzipped_IsUnpackedAndABrokenOneWritesNothing()
    {
        using var client = new RawClient(warehouse.Url);
        var table = await NewTableAsync(client, "a UInt32");
        var packed = Gzip(string.Concat(Enumerable.Range(0, 100_000).Select(static i => $"{i}\n")));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(packed, "gzip")).Status);
        Assert.Equal("100000\n", await client.RunAsync($"SELECT count() FROM {table}"));

        Assert.Equal(271, (await SendAsync(packed[..^2000], "gzip")).Code);
        packed[packed.Length / 2] ^= 0xff;
        Assert.NotEqual(HttpStatusCode.OK, (await SendAsync(packed, "gzip")).Status);
        Assert.Equal(48, (await SendAsync(packed, "snappy")).Code);
        Assert.Equal("100000\n", await client.RunAsync($"SELECT count() FROM {table}"));

        Task<Answer> SendAsync(byte[] body, string encoding) => client.SendAsync(
            $"/?query=INSERT%20INTO%20{table}%20FORMAT%20TSV", new ByteArrayContent(body) { Headers = { ContentEncoding = { encoding } } });
    }

    [SkippableFact]
    public async Task BadRow_AtTheEnd_WritesNothingOfTheRequest()
    {
        using var client = new RawClient(warehouse.Url);
        var table = await NewTableAsync(client, "a UInt32");
        var rows = string.Concat(Enumerable.Range(0, 200_000).Select(static i => $"{i}\n"));
        var answer = await client.InsertAsync($"INSERT INTO {table} FORMAT TSV", Encoding.UTF8.GetBytes(rows + "x\n"));
        Assert.Equal((HttpStatusCode.BadRequest, 27), (answer.Status, answer.Code));
        Assert.Contains("at row 200001", answer.Text);
        Assert.Equal("0\n", await client.RunAsync($"SELECT count() FROM {table}"));
    }

    /// <summary>A server writes the blocks that were full (about a million rows) before the sender left, and drops the last one.</summary>
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sender_ThatLeavesMidway_WritesNothingOfTheLastBlock(bool chunked)
    {
        using var client = new RawClient(warehouse.Url);
        var table = await NewTableAsync(client, "a UInt32");
        for (var round = 0; round < 5; round++)
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, warehouse.Url.Port);
            var rows = string.Concat(Enumerable.Range(0, 100_000).Select(static i => $"{i}\n"));
            var head = $"POST /?query=INSERT%20INTO%20{table}%20FORMAT%20TSV HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                + (chunked ? $"Transfer-Encoding: chunked\r\n\r\n{rows.Length:x}\r\n{rows}\r\n" : $"Content-Length: {rows.Length + 10}\r\n\r\n{rows}");
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
            if (round % 2 == 0)
                await UntilAsync(client, $"SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO {table}%'", "1\n");
        }
        await UntilAsync(client, $"SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO {table}%'", "0\n");
        Assert.Equal("0\n", await client.RunAsync($"SELECT count() FROM {table}"));
    }

    [SkippableFact]
    public async Task Refusal_OfALargeBody_ReachesASenderWhoIsStillSending()
    {
        using var client = new RawClient(warehouse.Url);
        var answer = await client.InsertAsync("INSERT INTO nosuch FORMAT TSV", new byte[64 << 20]);
        Assert.Equal((HttpStatusCode.NotFound, 60), (answer.Status, answer.Code));
    }

    [SkippableFact]
    public async Task Insert_WithoutRows_IsFine()
    {
        using var client = new RawClient(warehouse.Url);
        var table = await NewTableAsync(client, "a UInt32");
        Assert.Equal("", (await client.InsertAsync($"INSERT INTO {table} FORMAT JSONEachRow", [])).Text);
        Assert.Equal("0\n", await client.RunAsync($"SELECT count() FROM {table}"));
    }

    [SkippableFact]
    public async Task AsyncInsert_WhenAskedFor_IsWrittenBeforeTheAnswer()
    {
        using var client = new RawClient(warehouse.Url);
        var table = await NewTableAsync(client, "a UInt32");
        var answer = await client.InsertAsync($"INSERT INTO {table} FORMAT TSV", "1\n"u8.ToArray(), "async_insert=1&wait_for_async_insert=0");
        Assert.Equal("", answer.Text);
        Assert.Equal("1\n", await client.RunAsync($"SELECT count() FROM {table}"));
    }

    private async Task<string> NewTableAsync(RawClient client, string columns)
    {
        var database = warehouse.NewDatabase();
        await client.RunAsync($"CREATE DATABASE {database} ENGINE = Atomic");
        await client.RunAsync($"CREATE TABLE {database}.t ({columns}) ENGINE = MergeTree ORDER BY a");
        return $"{database}.t";
    }

    private static Task InsertAsync(RawClient client, string sql, string data) => InsertAsync(client, sql, Encoding.UTF8.GetBytes(data));

    private static async Task InsertAsync(RawClient client, string sql, byte[] data) =>
        Assert.Equal("", (await client.InsertAsync(sql, data)).Text);

    private static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }

    private static async Task UntilAsync(RawClient client, string sql, string expected)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await client.RunAsync(sql) != expected)
            timeout.Token.ThrowIfCancellationRequested();
    }
}
