using System.Net;
using System.Text.RegularExpressions;
using Lambda.Serving;
using Lambda.Serving.Security;
using Lambda.SystemTests.Http;
using Lambda.SystemTests.Security;
using Xunit;

namespace Lambda.SystemTests.Dashboard;

/// <summary>How the dashboard's files are served.</summary>
public sealed partial class DashboardFilesTests : IClassFixture<ApiFixture>
{
    private readonly ApiFixture _api;

    public DashboardFilesTests(ApiFixture api) => _api = api;

    [Theory]
    [InlineData("/", "text/html; charset=utf-8")]
    [InlineData("/dashboard/app.js", "text/javascript; charset=utf-8")]
    [InlineData("/dashboard/app.css", "text/css; charset=utf-8")]
    [InlineData("/dashboard/icon.svg", "image/svg+xml")]
    [InlineData("/dashboard/runbook.md", "text/markdown; charset=utf-8")]
    [InlineData("/dashboard/licences.txt", "text/plain; charset=utf-8")]
    public async Task File_WhenAsked_ComesWithItsTypePolicyAndTag(string path, string type)
    {
        using var answer = await _api.Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(type, answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-cache", answer.Headers.CacheControl!.ToString());
        Assert.Equal("nosniff", Header(answer, "X-Content-Type-Options"));
        Assert.Equal("no-referrer", Header(answer, "Referrer-Policy"));
        var policy = Header(answer, "Content-Security-Policy");
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);

        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
        using var unchanged = await _api.Http.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        Assert.Empty(await unchanged.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task Script_WhenCompressionIsUnderstood_ComesCompressed(string encoding)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = _api.Url };
        var plain = await http.GetByteArrayAsync("/dashboard/app.js");
        http.DefaultRequestHeaders.AcceptEncoding.ParseAdd(encoding);
        using var answer = await http.GetAsync("/dashboard/app.js");
        Assert.Equal(encoding, Assert.Single(answer.Content.Headers.ContentEncoding));
        Assert.Equal("Accept-Encoding", Assert.Single(answer.Headers.Vary));
        Assert.True((await answer.Content.ReadAsByteArrayAsync()).Length < plain.Length / 2);
    }

    [Theory]
    [InlineData("/dashboard/none.js")]
    [InlineData("/dashboard/..%2fserving.json")]
    public async Task File_WhenThereIsNone_IsNotFound(string path) => ApiFixture.AssertProblem(await _api.GetAsync(path), HttpStatusCode.NotFound, "no-such-file");

    [Fact]
    public async Task Page_WhenTheHostNeedsKeys_IsOpenAndItsDataIsNot()
    {
        var api = new SecuredApi();
        await api.InitializeAsync();
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/dashboard/app.js")).Response.StatusCode);
        foreach (var path in new[] { "/v1/definition", "/v1/admin/status", "/v1/customers/anna" }) ApiFixture.AssertProblem(await api.GetAsync(path), HttpStatusCode.Unauthorized, "unauthorized");
        ApiFixture.AssertProblem(await api.GetAsync("/?key=" + api.NewKey(Roles.Sre)), HttpStatusCode.BadRequest, "key-in-url");
        await api.DisposeAsync();
    }

    [Fact]
    public async Task Page_WhileTheEngineStarts_IsThereAlready()
    {
        await using var server = await ApiServer.StartAsync(0, (_, _) => { }, default);
        using var http = new HttpClient { BaseAddress = server.Url };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/v1/admin/status")).StatusCode);
    }

    /// <summary>The strict policy would stop it in a browser; no reader should find out.</summary>
    [Fact]
    public async Task Page_WhenRead_NamesNoOtherHostAndNothingInline()
    {
        var page = await _api.Http.GetStringAsync("/");
        Assert.DoesNotMatch(Inline(), page);
        Assert.DoesNotContain("://", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(OtherHost(), await _api.Http.GetStringAsync("/dashboard/app.css"));
    }

    private static string Header(HttpResponseMessage answer, string name) => Assert.Single(answer.Headers.GetValues(name));

    [GeneratedRegex(@"<style|<script>|\son\w+=|style=", RegexOptions.IgnoreCase)]
    private static partial Regex Inline();

    [GeneratedRegex(@"url\(|@import", RegexOptions.IgnoreCase)]
    private static partial Regex OtherHost();
}
