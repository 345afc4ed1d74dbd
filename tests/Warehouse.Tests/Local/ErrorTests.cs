using System.Net;
using Lambda.TestKit;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

[Collection(LocalWarehouseCollection.Name)]
public sealed class ErrorTests(LocalWarehouseFixture warehouse)
{
    [SkippableTheory]
    [InlineData("SELEC 1", 62, 400, "SYNTAX_ERROR")]
    [InlineData("", 62, 400, "SYNTAX_ERROR")]
    [InlineData("-- nothing", 62, 400, "SYNTAX_ERROR")]
    [InlineData("SELECT 1; SELECT 2", 62, 400, "SYNTAX_ERROR")]
    [InlineData("CREATE TABLE x (a Int8) ENGINE = Memory; SELECT 1", 62, 400, "SYNTAX_ERROR")]
    [InlineData("SELECT * FROM nosuch", 60, 404, "UNKNOWN_TABLE")]
    [InlineData("INSERT INTO nosuch FORMAT CSV\n1", 60, 404, "UNKNOWN_TABLE")]
    [InlineData("SELECT * FROM nosuch.t", 81, 404, "UNKNOWN_DATABASE")]
    [InlineData("SELECT nosuch(1)", 46, 404, "UNKNOWN_FUNCTION")]
    [InlineData("SELECT nosuch", 47, 404, "UNKNOWN_IDENTIFIER")]
    [InlineData("SELECT 1 SETTINGS nosuch = 1", 115, 404, "UNKNOWN_SETTING")]
    [InlineData("SELECT 1 FORMAT NoSuch", 73, 404, "UNKNOWN_FORMAT")]
    [InlineData("SELECT toUInt8('x')", 6, 400, "CANNOT_PARSE_TEXT")]
    [InlineData("SELECT 1 + 'a'", 43, 500, "ILLEGAL_TYPE_OF_ARGUMENT")]
    [InlineData("SELECT throwIf(1)", 395, 500, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO")]
    [InlineData("SELECT count() FROM numbers(10000000000) SETTINGS max_execution_time = 0.2, max_threads = 1", 159, 408, "TIMEOUT_EXCEEDED")]
    [InlineData("SELECT 1 INTO OUTFILE 'x.csv'", 358, 500, "INTO_OUTFILE_NOT_ALLOWED")]
    [InlineData("INSERT INTO t FROM INFILE 'x.csv' FORMAT CSV", 78, 404, "UNKNOWN_TYPE_OF_QUERY")]
    public async Task Error_HasTheServersStatusHeaderAndText(string sql, int code, int status, string name)
    {
        using var client = new RawClient(warehouse.Url);
        var answer = await client.PostAsync(sql);
        Assert.Equal((code, (HttpStatusCode)status), (answer.Code, answer.Status));
        Assert.Matches($@"^Code: {code}\. DB::Exception: (?s:.)*\({name}\) \(version [0-9.]+ \(official build\)\)\n$", answer.Text);
        Assert.Equal("text/plain; charset=UTF-8", answer.Response.Content.Headers.ContentType!.ToString());
    }

    [SkippableFact]
    public async Task MultiStatement_IsRefusedWhole()
    {
        using var client = new RawClient(warehouse.Url);
        Assert.Equal(62, (await client.PostAsync("CREATE TABLE first_of_two (a Int8) ENGINE = Memory; SELECT 1")).Code);
        Assert.Equal("0\n", await client.RunAsync("EXISTS TABLE first_of_two"));
    }

    /// <summary>What a failed statement has put out must not come before the next one's rows.</summary>
    [SkippableFact]
    public async Task Failure_LeavesNothingForTheNextAnswer()
    {
        using var client = new RawClient(warehouse.Url);
        for (var round = 0; round < 20; round++)
            foreach (var parameters in new[] { "", "session_id=failing" })
            {
                Assert.Equal(395, (await client.PostAsync("SELECT throwIf(number = 100000) FROM numbers(200000) FORMAT JSON", parameters)).Code);
                Assert.Equal("1\n", await client.RunAsync("SELECT 1", parameters));
            }
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("enable_http_compression=1")]
    public async Task Error_AfterTheFirstRows_IsInTheBodyAndCutsIt(string parameters)
    {
        using var client = new RawClient(warehouse.Url);
        client.Http.DefaultRequestHeaders.Add("Accept-Encoding", "gzip");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/?{parameters}")
        {
            Content = new StringContent("SELECT throwIf(number = 3000000, 'late') FROM numbers(4000000)"),
        };
        using var response = await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var tag = response.Headers.GetValues("X-ClickHouse-Exception-Tag").Single();
        using var received = new MemoryStream();
        await Assert.ThrowsAsync<HttpIOException>(async () => await (await response.Content.ReadAsStreamAsync()).CopyToAsync(received));
        received.Position = 0;
        Stream body = parameters.Length == 0 ? received
            : new System.IO.Compression.GZipStream(received, System.IO.Compression.CompressionMode.Decompress);
        using var reader = new StreamReader(body);
        var text = await reader.ReadToEndAsync();
        Assert.Matches($@"\r\n__exception__\r\n{tag}\r\nCode: 395\. DB::Exception: late(?s:.)*\n\d+ {tag}\r\n__exception__\r\n$", text);
    }

    [SkippableFact]
    public async Task WaitEndOfQuery_OfALateError_HasTheStatus()
    {
        using var client = new RawClient(warehouse.Url);
        var answer = await client.PostAsync("SELECT throwIf(number = 3000000) FROM numbers(4000000)", "wait_end_of_query=1");
        Assert.Equal((HttpStatusCode.InternalServerError, 395), (answer.Status, answer.Code));
        var whole = await client.PostAsync("SELECT number FROM numbers(4000000)", "wait_end_of_query=1"); // more than is kept in memory
        Assert.EndsWith("\n3999999\n", whole.Text);
        Assert.Contains("\"result_rows\":\"4000000\"", whole.Header("X-ClickHouse-Summary"));
    }

    [SkippableTheory]
    [InlineData("wait_end_of_query=perhaps")]
    [InlineData("readonly=7")]
    [InlineData("no-such.setting%20=1")]
    public async Task Parameter_ThatCannotBe_IsAnError(string parameters)
    {
        using var client = new RawClient(warehouse.Url);
        var answer = await client.PostAsync("SELECT 1", parameters);
        Assert.NotEqual(HttpStatusCode.OK, answer.Status);
        Assert.StartsWith("Code: ", answer.Text);
    }
}
