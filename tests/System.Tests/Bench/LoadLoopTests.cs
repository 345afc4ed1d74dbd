using System.Net;
using System.Net.Sockets;
using Lambda.Load;
using Xunit;

namespace Lambda.SystemTests.Bench;

/// <summary>The load generator against a server whose answers and pauses are known.</summary>
public sealed class LoadLoopTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private int _answered;
    private readonly Uri? _url;
    private int _pauseAt = -1, _closeAt = -1;
    private string _answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    public LoadLoopTests()
    {
        _listener.Start();
        _url = Url;
        _ = Task.Run(() => AcceptAsync(_listener));
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

    [Fact]
    public async Task Closed_WhenAConnectionIsLost_TellsTheLoadAndGoesOnWithAnother()
    {
        _closeAt = 10;
        var load = new Same(50);
        var report = await LoadLoop.ClosedAsync(Url, 1, load, TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.Equal((49, 1, 1), (report.Requests, report.Failed, report.Lost));
        Assert.Equal([9], load.LostTokens);
        Assert.Equal(50, report.Seconds.Sum(s => s.Requests));
    }

    [Fact]
    public async Task Open_WhenNobodyListensAtFirst_CountsTheWaitFromTheDueTimes()
    {
        _listener.Stop(); // until half of the time is over
        var url = _url!;
        var load = LoadLoop.OpenAsync([url], 2, new Same(), _ => 200, TimeSpan.FromSeconds(1), seed: 1, CancellationToken.None);
        await Task.Delay(500);
        using var late = new TcpListener(IPAddress.Loopback, url.Port);
        late.Start();
        _ = Task.Run(() => AcceptAsync(late));
        var report = await load;
        Assert.Equal(0, report.Failed);
        Assert.InRange(report.Requests, 140, 270);
        Assert.True(report.Ms(90) > 250, $"p90 is {report.Ms(90)} ms");
    }

    private Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            var client = await listener.AcceptTcpClientAsync();
            _ = Task.Run(() => ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var (stream, request) = (client.GetStream(), new byte[4096]);
        while (await stream.ReadAsync(request) > 0)
        {
            var number = Interlocked.Increment(ref _answered);
            if (number == _closeAt)
            {
                client.Close();
                return;
            }
            if (number == _pauseAt) await Task.Delay(400); // the pause is what is tested
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(_answer));
        }
    }

    private sealed class Same(int most = int.MaxValue) : ILoad
    {
        private int _sent;

        public List<int> LostTokens { get; } = [];

        public void Lost(int token) => LostTokens.Add(token);

        public int Next(RequestBytes to)
        {
            if (_sent == most) return -1;
            to.Add("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8);
            return _sent++;
        }

        public bool Accept(int token, int status, ReadOnlySpan<byte> body) => status == 200 && body.SequenceEqual("ok"u8);
    }
}
