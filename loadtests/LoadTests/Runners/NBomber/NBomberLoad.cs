#if NBOMBER
using System.Diagnostics;
using System.Net.Http.Headers;
using Lambda.Load;
using Lambda.LoadTests.Flows;
using NBomber.Contracts;
using NBomber.CSharp;
using Spectre.Console;

namespace Lambda.LoadTests.Runners;

/// <summary>
/// NBomber: every flow is one of its scenarios, its rate a second at a time; HTTP by HttpClient, so TLS works. A request is due when NBomber injects it, which it does evenly
/// and not as independent clients would.
/// </summary>
internal sealed class NBomberLoad : IRunner
{
    private const int SegmentsMax = 300;

    public string Name => "nbomber";

    public async Task<IReadOnlyList<LoadReport>> RunAsync(IReadOnlyList<Uri> urls, IReadOnlyList<RatedFlow> flows, TimeSpan time, ulong seed, CancellationToken cancel)
    {
        using var http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = Timeout.InfiniteTimeSpan });
        var meters = flows.Select(flow => new Meter(flow, urls, http)).ToList();
        var folder = Directory.CreateTempSubdirectory("lambda-nbomber-");
        var console = AnsiConsole.Console;
        try
        {
            AnsiConsole.Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }); // stdout is the report's
            var run = NBomberRunner.RegisterScenarios([.. meters.Select(m => m.Scenario(time, cancel))]).WithReportFolder(folder.FullName).WithoutReports();
            await Task.Run(() => run.Run(), cancel);
        }
        finally
        {
            AnsiConsole.Console = console;
            folder.Delete(recursive: true);
        }
        return [.. meters.Select(m => m.Report(time))];
    }

    /// <summary>The rate in steps, so that their sum is what the curve gives; a step lasts a second or as many as it must.</summary>
    public static LoadSimulation[] Simulations(Func<TimeSpan, double> perSecond, TimeSpan time)
    {
        var (steps, owed) = (new List<LoadSimulation>(), 0.0);
        var length = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(time.TotalSeconds / SegmentsMax)));
        for (var at = TimeSpan.Zero; at < time; at += length)
        {
            owed += perSecond(at + length / 2) * length.TotalSeconds;
            var now = (int)Math.Round(owed); // not rounded down: the last request of a rare flow would never come
            owed -= now;
            steps.Add(Simulation.Inject(rate: now, interval: length, during: length));
        }
        return [.. steps];
    }

    /// <summary>One flow: what NBomber's many tasks do with it one after another, and what came of it.</summary>
    private sealed class Meter(RatedFlow flow, IReadOnlyList<Uri> urls, HttpClient http)
    {
        private readonly Lock _gate = new();
        private readonly HdrHistogram.LongHistogram _latency = LoadReport.NewHistogram();
        private readonly Timeline _timeline = new();
        private readonly long _began = Stopwatch.GetTimestamp();
        private long _requests, _failed, _lost;
        private int _url;
        private string? _firstFailure;

        public ScenarioProps Scenario(TimeSpan time, CancellationToken cancel) => NBomber.CSharp.Scenario
            .Create(flow.Flow.Name, _ => OneAsync(cancel)).WithoutWarmUp().WithMaxFailCount(int.MaxValue).WithLoadSimulations(Simulations(flow.RequestsPerSecond, time));

        public LoadReport Report(TimeSpan time) => new(_requests, _failed, time, _latency, _firstFailure) { Lost = _lost, Seconds = _timeline.Seconds() };

        private async Task<IResponse> OneAsync(CancellationToken cancel)
        {
            Request request;
            lock (_gate)
                if (!flow.Flow.TryNext(out request)) return Response.Ok();
            var since = Stopwatch.GetTimestamp();
            try
            {
                var (status, body) = await SendAsync(request, cancel);
                return Answered(request.Token, since, status, body) ? Response.Ok(statusCode: $"{status}", sizeBytes: body.Length) : Response.Fail(statusCode: $"{status}");
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                Lost(request.Token, e.GetBaseException().Message);
                return Response.Fail(message: e.Message);
            }
        }

        private async Task<(int Status, byte[] Body)> SendAsync(Request request, CancellationToken cancel)
        {
            var url = new Uri(urls[(int)((uint)Interlocked.Increment(ref _url) % (uint)urls.Count)], request.Path);
            using var message = new HttpRequestMessage(request.Body is null ? HttpMethod.Get : HttpMethod.Post, url);
            if (request.Body is { } body) message.Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(request.MediaType) } };
            using var response = await http.SendAsync(message, cancel);
            return ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancel));
        }

        private bool Answered(int token, long since, int status, byte[] body)
        {
            var latency = Math.Clamp((long)Stopwatch.GetElapsedTime(since).TotalNanoseconds, 1, 100_000_000_000);
            lock (_gate)
            {
                _latency.RecordValue(latency);
                _requests++;
                var isRight = flow.Flow.Accept(token, status, body);
                if (!isRight) Fail($"{status} {System.Text.Encoding.UTF8.GetString(body, 0, Math.Min(300, body.Length))}");
                _timeline.Add(Stopwatch.GetElapsedTime(_began), latency, isRight);
                return isRight;
            }
        }

        private void Lost(int token, string why)
        {
            lock (_gate)
            {
                flow.Flow.Lost(token);
                _lost++;
                Fail(why);
                _timeline.Add(Stopwatch.GetElapsedTime(_began), 0, isRight: false);
            }
        }

        private void Fail(string what)
        {
            _failed++;
            _firstFailure ??= what;
        }
    }
}
#endif
