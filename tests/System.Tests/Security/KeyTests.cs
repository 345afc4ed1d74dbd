using System.Net;
using System.Net.Sockets;
using System.Text;
using Lambda.Serving.Security;
using Lambda.SystemTests.Http;
using Xunit;

namespace Lambda.SystemTests.Security;

/// <summary>Who comes in and who does not, over real HTTP.</summary>
public sealed class KeyTests(SecuredApi api) : IClassFixture<SecuredApi>
{
    private const string Path = "/v1/customers/anna";

    [Fact]
    public async Task Request_WhenItHasNoKey_IsUnauthorizedAndToldHow()
    {
        var got = await api.GetAsync(Path, null);
        ApiFixture.AssertProblem(got, HttpStatusCode.Unauthorized, "unauthorized");
        Assert.Equal("Bearer realm=\"lambda\"", got.Response.Headers.WwwAuthenticate.ToString());
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/healthz", null)).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/readyz", null)).Response.StatusCode);
    }

    [Fact]
    public async Task Request_WhenTheKeyIsGood_IsAnswered() => Assert.Equal(HttpStatusCode.OK, (await api.GetAsync(Path, api.NewKey(Roles.Marketing))).Response.StatusCode);

    [Fact]
    public async Task Request_WhenOneCharacterOfTheKeyIsWrong_IsUnauthorized()
    {
        var key = api.NewKey(Roles.Marketing);
        foreach (var at in new[] { 0, 2, 3, 18, 19, 20, 50, key.Length - 1 })
        {
            var wrong = key[..at] + (key[at] == '0' ? '1' : '0') + key[(at + 1)..];
            var got = await api.GetAsync(Path, wrong);
            ApiFixture.AssertProblem(got, HttpStatusCode.Unauthorized, "unauthorized");
            Assert.Contains("invalid_token", got.Response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Basic {0}")]
    [InlineData("{0}")]
    [InlineData("Bearer  {0}")]
    [InlineData("Bearer {0}0")]
    [InlineData("Bearer {0} ,Bearer {0}")]
    [InlineData("Bearer lk_")]
    public async Task Header_WhenItIsNoBearerKey_IsUnauthorized(string header)
    {
        var value = header.Replace("{0}", api.NewKey(Roles.Admin), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 401", await RawAsync($"Authorization: {value}\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_WhenTwoKeysAreSent_AreRefused()
    {
        var key = api.NewKey(Roles.Admin);
        Assert.StartsWith("HTTP/1.1 401", await RawAsync($"Authorization: Bearer {key}\r\nAuthorization: Bearer {key}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200", await RawAsync($"Authorization: Bearer {key}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200", await RawAsync($"authorization: bEaReR {key}\r\nHost: elsewhere.example\r\n", host: false), StringComparison.Ordinal); // with keys any name will do
    }

    [Theory]
    [InlineData("Authorization: Bearer {0}\0\r\n", "400")]
    [InlineData("Authorization: Bearer {0}\r\n X-Folded: 1\r\n", "400")]
    [InlineData("Authorization: Bearer x\rAuthorization: Bearer {0}\r\n", "400")]
    [InlineData("Authorization : Bearer {0}\r\n", "400")]
    [InlineData("X-Injected: a\r\nAuthorization: Bearer x%0d%0aAuthorization: Bearer {0}\r\n", "401")]
    public async Task Headers_WhenSomebodyTriesToSmuggle_LetNobodyIn(string headers, string status) =>
        Assert.StartsWith("HTTP/1.1 " + status, await RawAsync(headers.Replace("{0}", api.NewKey(Roles.Admin), StringComparison.Ordinal)), StringComparison.Ordinal);

    [Fact]
    public async Task Header_WhenItIsHuge_IsRefused()
    {
        Assert.StartsWith("HTTP/1.1 431", await RawAsync($"Authorization: Bearer {new string('a', 33_000)}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 401", await RawAsync($"Authorization: Bearer {new string('a', 20_000)}\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/customers/anna?key={0}")]
    [InlineData("/v1/customers/anna?access_token={0}")]
    [InlineData("/healthz?{0}")]
    [InlineData("/v1/admin/status?x=1&KEY={0}")]
    public async Task Url_WhenAKeyStandsInIt_IsRefusedAndNotRepeated(string path)
    {
        var key = api.NewKey(Roles.Admin);
        var got = await api.GetAsync(path.Replace("{0}", key, StringComparison.Ordinal), key); // also when it is in the header, too
        ApiFixture.AssertProblem(got, HttpStatusCode.BadRequest, "key-in-url");
        Assert.DoesNotContain(key[^64..], got.Body.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain(await api.RecordsAsync(), r => r.ToString().Contains(key[^64..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Key_WhenItExpires_IsRefusedFromThenOn()
    {
        var end = DateTimeOffset.UtcNow.AddMilliseconds(700);
        var key = api.NewKey(Roles.Marketing, expiresAtMs: end.ToUnixTimeMilliseconds());
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync(Path, key)).Response.StatusCode);
        while (DateTimeOffset.UtcNow <= end) await Task.Delay(20);
        var got = await api.GetAsync(Path, key);
        ApiFixture.AssertProblem(got, HttpStatusCode.Unauthorized, "unauthorized");
        Assert.Contains("expired", got.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_WhenRevokedBySomebodyElse_IsRefusedWithinASecond()
    {
        var key = api.NewKey(Roles.Marketing);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync(Path, key)).Response.StatusCode);
        api.Keys.Revoke(key.Substring(3, 16), 5); // in the store, as another node does
        var since = System.Diagnostics.Stopwatch.StartNew();
        HttpStatusCode status;
        while ((status = (await api.GetAsync(Path, key)).Response.StatusCode) == HttpStatusCode.OK && since.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(10);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
    }

    [Fact]
    public async Task Key_WhenRevokedWhileManyUseIt_LetsNobodyInAfterTheAnswer()
    {
        var (admin, key) = (api.NewKey(Roles.Admin), api.NewKey(Roles.Marketing));
        long revokedAt = long.MaxValue;
        var late = 0;
        var users = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                var began = System.Diagnostics.Stopwatch.GetTimestamp();
                var status = (await api.GetAsync(Path, key)).Response.StatusCode;
                if (status == HttpStatusCode.OK && began > Volatile.Read(ref revokedAt)) Interlocked.Increment(ref late);
                if (status == HttpStatusCode.Unauthorized) return;
            }
        })).ToList();
        var revoked = await api.SendAsync(HttpMethod.Post, $"/v1/admin/keys/{key.Substring(3, 16)}/revoke", admin);
        Volatile.Write(ref revokedAt, System.Diagnostics.Stopwatch.GetTimestamp());
        Assert.Equal("revoked", revoked.Body.GetProperty("state").GetString());
        await Task.WhenAll(users);
        Assert.Equal(0, late);
        ApiFixture.AssertProblem(await api.GetAsync(Path, key), HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task Key_WhenMadeOverTheApi_WorksAndIsShownOnce()
    {
        var admin = api.NewKey(Roles.Admin, pii: true);
        var made = await api.SendAsync(HttpMethod.Post, "/v1/admin/keys", admin, """{"name":"campaigns","roles":["marketing"],"pii":true,"requests_per_second":50}""");
        Assert.Equal(HttpStatusCode.Created, made.Response.StatusCode);
        var key = made.Body.GetProperty("key").GetString()!;
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync(Path, key)).Response.StatusCode);
        var listed = await api.GetAsync("/v1/admin/keys", admin);
        Assert.DoesNotContain(key[^64..], listed.Body.GetRawText(), StringComparison.Ordinal);
        Assert.Contains(listed.Body.GetProperty("keys").EnumerateArray(), k => k.GetProperty("name").GetString() == "campaigns" && k.GetProperty("requests_per_second").GetInt32() == 50);
        Assert.Contains(await api.RecordsAsync(), r => r is { Operation: "createKey", Status: 201 } && r.Detail.Contains("campaigns: marketing, pii", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"name":"","roles":["sre"]}""", "name")]
    [InlineData("""{"name":"a\nb","roles":["sre"]}""", "name")]
    [InlineData("""{"name":"a","roles":[]}""", "roles")]
    [InlineData("""{"name":"a","roles":["root"]}""", "roles")]
    [InlineData("""{"name":"a","roles":["sre"],"expires_at":"yesterday"}""", "expires_at")]
    [InlineData("""{"name":"a","roles":["sre"],"expires_at":"2020-01-01T00:00:00Z"}""", "expires_at")]
    [InlineData("""{"name":"a","roles":["sre"],"requests_per_second":0}""", "requests_per_second")]
    [InlineData("""{"name":"a","roles":[1]}""", "roles")]
    [InlineData("""[]""", "name")]
    public async Task Key_WhenWhatIsAskedForIsWrong_IsNotMade(string body, string names)
    {
        var got = await api.SendAsync(HttpMethod.Post, "/v1/admin/keys", api.NewKey(Roles.Admin), body);
        Assert.Equal(HttpStatusCode.BadRequest, got.Response.StatusCode);
        Assert.Equal(names, got.Body.GetProperty("parameter").GetString());
    }

    [Fact]
    public async Task Key_WhenItsMakerMayNotSeePersonalData_CannotHaveTheRight()
    {
        var got = await api.SendAsync(HttpMethod.Post, "/v1/admin/keys", api.NewKey(Roles.Admin), """{"name":"a","roles":["marketing"],"pii":true}""");
        ApiFixture.AssertProblem(got, HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task Key_WhenItHasUsedUpItsRequests_IsToldWhenThereAreMore()
    {
        var (slow, other) = (api.NewKey(Roles.Marketing, rate: 5), api.NewKey(Roles.Marketing));
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 12; i++) answers.Add((await api.GetAsync(Path, slow)).Response);
        Assert.All(answers.Take(5), a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        var refused = answers.First(a => a.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 2);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync(Path, other)).Response.StatusCode);
        for (var tries = 0; (await api.GetAsync(Path, slow)).Response.StatusCode != HttpStatusCode.OK; tries++)
        {
            Assert.True(tries < 200);
            await Task.Delay(20);
        }
    }

    /// <summary>Bytes that no client library would send; the status line and head that come back.</summary>
    private async Task<string> RawAsync(string headers, bool host = true)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(api.Url.Host, api.Url.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"GET {Path} HTTP/1.1\r\n{(host ? $"Host: {api.Url.Authority}\r\n" : "")}{headers}Connection: close\r\n\r\n"));
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync();
    }
}
