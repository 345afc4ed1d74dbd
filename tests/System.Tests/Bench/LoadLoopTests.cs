using System.Net;
using System.Net.Sockets;
using Lambda.Cluster.Bench.Load;
using Xunit;

namespace Lambda.SystemTests.Bench;

/// <summary>The load generator against a server whose answers and pauses are known.</summary>
public sealed class LoadLoopTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private int _answered;
    private int _pauseAt = -1;
    private string _answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    public LoadLoopTests()
    {
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Open_WhenTheServerPausesOnce_CountsWhatHadToWaitFromItsDueTime()
    {
        _pauseAt = 100;
        var report = await LoadLoop.OpenAsync(Url, 1, new Same(), perSecond: 1000, TimeSpan.FromSeconds(1), seed: 1, CancellationToken.None);
        // Of a second's requests those due within the 400 ms pause wait 200 ms on average. One that is sent only after the last was answered would hide all but one.
        Assert.Equal(0, report.Failed);
        Assert.InRange(report.Requests, 800, 1200);
        Assert.True(report.Ms(85) > 50, $"p85 is {report.Ms(85)} ms");
    }

    [Fact]
    public async Task Closed_WhenTheLoadEnds_EndsWithEveryAnswer()
    {
        var report = await LoadLoop.ClosedAsync(Url, 4, new Same(500), TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.Equal((500, 0), (report.Requests, report.Failed));
    }

    [Fact]
    public async Task Closed_WhenAnswersAreRefused_CountsThemAndSaysTheFirst()
    {
        _answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";
        var report = await LoadLoop.ClosedAsync(Url, 2, new Same(10), TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.Equal((10, "503 busy"), (report.Failed, report.FirstFailure));
    }

    private Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync();
            _ = Task.Run(() => ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var (stream, request) = (client.GetStream(), new byte[4096]);
        while (await stream.ReadAsync(request) > 0)
        {
            if (Interlocked.Increment(ref _answered) == _pauseAt) await Task.Delay(400); // the pause is what is tested
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(_answer));
        }
    }

    private sealed class Same(int most = int.MaxValue) : ILoad
    {
        private int _sent;

        public int Next(RequestBytes to)
        {
            if (_sent == most) return -1;
            to.Add("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8);
            return _sent++;
        }

        public bool Accept(int token, int status, ReadOnlySpan<byte> body) => status == 200 && body.SequenceEqual("ok"u8);
    }
}
