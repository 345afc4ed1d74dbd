using System.Text;
using Lambda.Load;
using Lambda.LoadTests.Flows;

namespace Lambda.LoadTests.Runners;

/// <summary>
/// Our own: a thread a flow, Poisson arrivals, latency from when a request was due. HTTP without TLS only. Needed wherever NBomber is not on the feed, and where a node is lost:
/// it makes what had to wait for the node count.
/// </summary>
internal sealed class OpenLoopRunner : IRunner
{
    public string Name => "open-loop";

    public async Task<IReadOnlyList<LoadReport>> RunAsync(IReadOnlyList<Uri> urls, IReadOnlyList<RatedFlow> flows, TimeSpan time, ulong seed, CancellationToken cancel) =>
        await Task.WhenAll(flows.Select((flow, i) =>
            LoadLoop.OpenAsync(urls, flow.Connections, new RawHttp(flow.Flow, urls[0]), flow.RequestsPerSecond, time, seed + (ulong)i, cancel)));

    /// <summary>What a flow still has to send, as fast as answers come.</summary>
    public static Task<LoadReport> FinishAsync(IReadOnlyList<Uri> urls, IFlow flow, TimeSpan atMost, CancellationToken cancel) =>
        LoadLoop.ClosedAsync(urls, 8, new RawHttp(flow, urls[0]), atMost, cancel);
}

/// <summary>A flow's requests as bytes of HTTP/1.1.</summary>
internal sealed class RawHttp(IFlow flow, Uri host) : ILoad
{
    private readonly byte[] _host = Encoding.ASCII.GetBytes($" HTTP/1.1\r\nHost: {host.Authority}\r\n");

    public int Next(RequestBytes to)
    {
        if (!flow.TryNext(out var request)) return -1;
        to.Add(request.Body is null ? "GET "u8 : "POST "u8).Add(Encoding.UTF8.GetBytes(request.Path)).Add(_host);
        if (request.Body is { } body) to.Add("Content-Type: "u8).Add(Encoding.ASCII.GetBytes(request.MediaType)).Add("\r\nContent-Length: "u8).AddNumber(body.Length).Add("\r\n\r\n"u8).Add(body.Span);
        else to.Add("\r\n"u8);
        return request.Token;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body) => flow.Accept(token, status, body);

    public void Lost(int token) => flow.Lost(token);
}
