using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Lambda.SystemTests.Http;

public sealed class ConnectionTests : IAsyncLifetime
{
    private readonly ApiFixture _api = new();

    public Task InitializeAsync() => _api.InitializeAsync();

    public Task DisposeAsync() => _api.DisposeAsync();

    /// <summary>A server that drops a connection without saying so breaks whatever the client sends on it next.</summary>
    [Theory]
    [InlineData("PUT", "/v1/admin/imports/a-b", """{"file":"f","done_line":1,"rows":1,"events":1,"rejected":0,"complete":false}""", "application/json")]
    [InlineData("POST", "/v1/definition?check=true", "two", "application/yaml")]
    [InlineData("POST", "/v1/admin/batch/runs", "", "application/json")]
    public async Task Connection_AfterARequestWithABody_TakesTheNext(string method, string path, string body, string mediaType)
    {
        var opened = 0;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancel) =>
            {
                opened++;
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        }) { BaseAddress = _api.Url };
        for (var i = 0; i < 5; i++)
        {
            using var answer = await http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent(body, Encoding.UTF8, mediaType) });
            Assert.True(answer.StatusCode < HttpStatusCode.InternalServerError, $"{answer.StatusCode}");
        }
        Assert.Equal(1, opened);
    }
}
