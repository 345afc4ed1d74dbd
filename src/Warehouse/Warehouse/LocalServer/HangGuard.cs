namespace Lambda.Warehouse.LocalServer;

/// <summary>
/// Ends a child that lives but answers nothing. /ping is answered by the server itself, never by the engine, so a long statement cannot delay it;
/// what does not answer several times, each time for seconds, will not answer at all.
/// </summary>
internal static class HangGuard
{
    /// <summary>Pings until the child has ended or <paramref name="stopping"/>; kills it after too many failures, one after another.</summary>
    internal static async Task WatchAsync(ServerRun run, Uri url, LocalWarehouseOptions options, CancellationToken stopping)
    {
        using var http = new HttpClient { BaseAddress = url, Timeout = options.PingTimeout };
        for (var failures = 0; failures < options.PingFailuresMax;)
        {
            if (await Task.WhenAny(run.ExitedAsync(), Pause(options.PingInterval, stopping)) == run.ExitedAsync() || stopping.IsCancellationRequested) return;
            failures = await AnswersAsync(http, stopping) ? 0 : failures + 1;
        }
        if (!stopping.IsCancellationRequested)
            await run.KillAsync($"/ping was not answered {options.PingFailuresMax} times within {options.PingTimeout.TotalSeconds:0.#} s: killed");
    }

    private static Task Pause(TimeSpan time, CancellationToken stopping) => Task.Delay(time, stopping).ContinueWith(_ => { }, TaskScheduler.Default);

    private static async Task<bool> AnswersAsync(HttpClient http, CancellationToken stopping)
    {
        try
        {
            using var answer = await http.GetAsync("/ping", stopping);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }
}
