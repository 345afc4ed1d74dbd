using System.Net;
using System.Text;
using Lambda.TestKit;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

[Collection(LocalWarehouseCollection.Name)]
public sealed class QueryTests(LocalWarehouseFixture warehouse)
{
    [SkippableFact]
    public async Task Ping_WhenUp_SaysOk()
    {
        using var client = new RawClient(warehouse.Url);
        var answer = await client.SendAsync("/ping", null);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("Ok.\n", answer.Text);
        Assert.Equal(HttpStatusCode.NotFound, (await client.SendAsync("/nothing", null)).Status);
    }

    /// <summary>A web page can make a browser send requests to loopback; nobody else sends these headers here.</summary>
    [SkippableTheory]
    [InlineData("Origin", "https://example.org")]
    [InlineData("Host", "rebound.example.org")]
    public async Task Request_OfAWebPage_IsRefused(string header, string value)
    {
        using var client = new RawClient(warehouse.Url);
        client.Http.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsync("SELECT 1")).Status);
        client.Http.DefaultRequestHeaders.Remove(header);
        client.Http.DefaultRequestHeaders.Host = $"localhost:{warehouse.Url.Port}";
        Assert.Equal("1\n", await client.RunAsync("SELECT 1"));
    }

    [SkippableFact]
    public async Task Query_InUrlAndInBody_IsTheirConcatenation()
    {
        using var client = new RawClient(warehouse.Url);
        Assert.Equal("3\n", (await client.SendAsync("/?query=SELECT%201%2B2", null)).Text);
        Assert.Equal("3\n", await client.RunAsync("SELECT 1+2"));
        Assert.Equal("3\n", (await client.InsertAsync("SELECT 1", "+2"u8.ToArray())).Text);
    }

    [SkippableFact]
    public async Task Answer_OfASelect_CarriesTheServersHeaders()
    {
        using var client = new RawClient(warehouse.Url);
        var answer = await client.PostAsync("SELECT number FROM numbers(3)", "query_id=mine-1");
        Assert.Equal("mine-1", answer.Header("X-ClickHouse-Query-Id"));
        Assert.Equal("TabSeparated", answer.Header("X-ClickHouse-Format"));
        Assert.Equal("UTC", answer.Header("X-ClickHouse-Timezone"));
        Assert.NotNull(answer.Header("X-ClickHouse-Server-Display-Name"));
        Assert.Contains("\"read_rows\":\"3\"", answer.Header("X-ClickHouse-Summary"));
        Assert.Contains("\"result_rows\":\"3\"", answer.Header("X-ClickHouse-Summary"));
        Assert.Equal("text/tab-separated-values; charset=UTF-8", answer.Response.Content.Headers.GetValues("Content-Type").Single());
    }

    [SkippableTheory]
    [InlineData("SELECT {x:String}", "param_x=a%5Ctb%5C%5Cc%5Cn", @"a\tb\\c\n")]
    [InlineData("SELECT {x:Nullable(String)} IS NULL", "param_x=%5CN", "1")]
    [InlineData("SELECT {x:Array(Int32)}", "param_x=%5B1%2C-2%5D", "[1,-2]")]
    [InlineData("SELECT {x:Array(String)}[2]", "param_x=%5B'a'%2C'it%5C's'%5D", @"it\'s")]
    [InlineData("SELECT {x:Date} + {y:UInt8}", "param_x=2024-02-28&param_y=2", "2024-03-01")]
    [InlineData("SELECT * FROM {t:Identifier} WHERE name = {n:String}", "param_t=system.one&param_n=x", null)]
    [InlineData("SELECT {x:String} = unhex('27C3A93B2D2D')", "param_x='%C3%A9%3B--", "1")]
    public async Task Parameters_AreBoundByType(string sql, string parameters, string? expected)
    {
        using var client = new RawClient(warehouse.Url);
        var answer = await client.PostAsync(sql, parameters);
        if (expected == null)
            Assert.NotEqual(HttpStatusCode.OK, answer.Status); // system.one has no such column: the identifier was bound
        else
            Assert.Equal(expected + "\n", answer.Text);
    }

    [SkippableFact]
    public async Task Format_IsTheClausesThenTheParametersThenTabs()
    {
        using var client = new RawClient(warehouse.Url);
        Assert.Equal("{\"1\":1}\n", await client.RunAsync("SELECT 1 FORMAT JSONEachRow", "default_format=CSV"));
        Assert.Equal("\"a\"\n", await client.RunAsync("SELECT 'a'", "default_format=CSV"));
        client.Http.DefaultRequestHeaders.Add("X-ClickHouse-Format", "JSONCompactEachRow");
        Assert.Equal("[1]\n", await client.RunAsync("SELECT 1"));
    }

    [SkippableFact]
    public async Task Database_OfARequest_IsItsOwn()
    {
        using var client = new RawClient(warehouse.Url);
        var database = warehouse.NewDatabase();
        await client.RunAsync($"CREATE DATABASE {database}");
        Assert.Equal($"{database}\n", await client.RunAsync("SELECT currentDatabase()", $"database={database}"));
        Assert.Equal("default\n", await client.RunAsync("SELECT currentDatabase()"));
        await client.RunAsync($"USE {database}");
        Assert.Equal("default\n", await client.RunAsync("SELECT currentDatabase()"));
        Assert.Equal(81, (await client.PostAsync("SELECT 1", "database=nosuch")).Code);
        client.Http.DefaultRequestHeaders.Add("X-ClickHouse-Database", database);
        Assert.Equal($"{database}\n", await client.RunAsync("SELECT currentDatabase()"));
    }

    /// <summary>The engine gives a document per chunk; the client must get one.</summary>
    [SkippableTheory]
    [InlineData("TSV")]
    [InlineData("TSVWithNames")]
    [InlineData("TSVWithNamesAndTypes")]
    [InlineData("CSV")]
    [InlineData("CSVWithNames")]
    [InlineData("CSVWithNamesAndTypes")]
    [InlineData("JSONEachRow")]
    [InlineData("JSONCompactEachRow")]
    [InlineData("JSONCompactEachRowWithNames")]
    [InlineData("JSONCompactEachRowWithNamesAndTypes")]
    [InlineData("JSONCompactStringsEachRowWithNamesAndTypes")]
    [InlineData("JSONStringsEachRow")]
    [InlineData("RowBinary")]
    [InlineData("RowBinaryWithNames")]
    [InlineData("RowBinaryWithNamesAndTypes")]
    [InlineData("TSKV")]
    [InlineData("TSVRaw")]
    [InlineData("JSON")]
    [InlineData("JSONCompact")]
    [InlineData("XML")]
    [InlineData("Values")]
    [InlineData("Vertical")]
    [InlineData("PrettyCompact")]
    [InlineData("Markdown")]
    [InlineData("JSONEachRowWithProgress")]
    public async Task Result_OfManyChunks_IsTheDocumentOfOne(string format)
    {
        using var client = new RawClient(warehouse.Url);
        const string sql = "SELECT number AS n, concat('x\ny\"', toString(number % 7)) AS `a \"b\nc` FROM numbers(100000)"
            + " SETTINGS max_block_size = {0}, output_format_pretty_max_rows = 1000000 FORMAT {1}";
        var many = await BytesAsync(client, string.Format(sql, 10_000, format));
        var one = await BytesAsync(client, string.Format(sql, 200_000, format));
        Assert.Equal(WithoutStatistics(one), WithoutStatistics(many));
    }

    [SkippableFact]
    public async Task Totals_AfterTheRows_AreThere()
    {
        using var client = new RawClient(warehouse.Url);
        Assert.Equal("0\t4\n1\t3\n2\t3\n\n0\t10\n",
            await client.RunAsync("SELECT number % 3 AS k, count() FROM numbers(10) GROUP BY k WITH TOTALS ORDER BY k"));
        Assert.Equal("\"k\",\"n\"\n0,1\n\n0,1\n\n0,1\n0,1\n".Length,
            (await client.RunAsync("SELECT 0 AS k, count() AS n GROUP BY k WITH TOTALS FORMAT CSVWithNames", "extremes=1")).Length);
    }

    [SkippableFact]
    public async Task Compression_WhenAskedFor_IsGzip()
    {
        using var client = new RawClient(warehouse.Url);
        client.Http.DefaultRequestHeaders.Add("Accept-Encoding", "gzip, deflate");
        var plain = await client.PostAsync("SELECT 1");
        Assert.Empty(plain.Response.Content.Headers.ContentEncoding);
        var packed = await client.PostAsync("SELECT number FROM numbers(300000)", "enable_http_compression=1");
        Assert.Equal("gzip", packed.Response.Content.Headers.ContentEncoding.Single());
        await using var unpacked = new System.IO.Compression.GZipStream(
            await packed.Response.Content.ReadAsStreamAsync(), System.IO.Compression.CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked);
        Assert.EndsWith("\n299999\n", await reader.ReadToEndAsync());
    }

    [SkippableFact]
    public async Task Get_OfAChange_IsRefused()
    {
        using var client = new RawClient(warehouse.Url);
        var answer = await client.SendAsync("/?query=CREATE%20TABLE%20got(a%20Int8)%20ENGINE%3DMemory", null);
        Assert.Equal((HttpStatusCode.InternalServerError, 164), (answer.Status, answer.Code));
        Assert.Equal("0\n", await client.RunAsync("EXISTS TABLE got"));
    }

    private static async Task<string> BytesAsync(RawClient client, string sql)
    {
        using var answer = await client.Http.PostAsync("/", new StringContent(sql));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return Encoding.Latin1.GetString(await answer.Content.ReadAsByteArrayAsync());
    }

    /// <summary>Times and read counts differ from run to run.</summary>
    private static string WithoutStatistics(string text) =>
        System.Text.RegularExpressions.Regex.Replace(text, "(?s)\"statistics\".*|<statistics>.*|\\{\"progress\":[^\n]*\n", "");
}
