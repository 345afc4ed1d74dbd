using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Lambda.SystemTests.Cli;
using Lambda.TestKit.Cards;

namespace Lambda.SystemTests.Processes;

/// <summary>A real host process on a data folder, to be killed and started again.</summary>
internal sealed class RunningHost : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(120);
    private const int SigKill = 9, SigTerm = 15, SigCont = 18, SigStop = 19;

    private readonly Process _process;
    private readonly StringBuilder _errors;
    private readonly Task<string> _output;
    private readonly HttpClient _http;

    private RunningHost(Process process, StringBuilder errors, Uri url, TimeSpan startedIn)
    {
        (_process, _errors, Url, StartedIn) = (process, errors, url, startedIn);
        _output = process.StandardOutput.ReadToEndAsync();
        _http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(60) };
    }

    public Uri Url { get; }

    /// <summary>From the start of the process to `ready`.</summary>
    public TimeSpan StartedIn { get; }

    public string Errors
    {
        get { lock (_errors) return _errors.ToString(); }
    }

    /// <summary>What it wrote to stdout behind `ready`, up to its end.</summary>
    public Task<string> OutputAsync() => _output;

    /// <summary>The first key, if it was made at this start.</summary>
    public string? AdminKey { get; private init; }

    /// <summary>Without keys.</summary>
    public static Task<RunningHost> StartAsync(string data, params string[] more) => BeginAsync(null, ["--dev", "--data", data, .. more]);

    /// <summary>With keys.</summary>
    /// <param name="key">What to show; null: the first key, which this start makes.</param>
    public static Task<RunningHost> StartSecuredAsync(string data, string? key, params string[] more) => BeginAsync(key, ["--data", data, .. more]);

    /// <summary>With keys; its spans and those of its warehouse are written into a folder.</summary>
    public static Task<RunningHost> StartTracedAsync(string data, string spans, params string[] more) => BeginAsync(null, ["--data", data, .. more], Tracing.Environment(spans));

    private static async Task<RunningHost> BeginAsync(string? key, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var watch = Stopwatch.StartNew();
        var start = LambdaProcess.Command(["up", "--port", "0", "--batch-at", "none", .. arguments]);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var errors = new StringBuilder();
        var process = new Process { StartInfo = start };
        process.ErrorDataReceived += (_, e) => { lock (errors) errors.AppendLine(e.Data); };
        process.Start();
        process.BeginErrorReadLine();
        using var patience = new CancellationTokenSource(StartPatience);
        string? made = null;
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("admin-key ", StringComparison.Ordinal)) made = line[10..];
            if (!line.StartsWith("ready ", StringComparison.Ordinal)) continue;
            var host = new RunningHost(process, errors, new Uri(line[6..]), watch.Elapsed) { AdminKey = made };
            if ((key ?? made) is { } shown) host._http.DefaultRequestHeaders.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", shown);
            return host;
        }
        await process.WaitForExitAsync(patience.Token);
        throw new InvalidOperationException($"the host ended with {process.ExitCode} before it was ready:\n{errors}");
    }

    /// <summary>SIGKILL, and waits until the process is gone.</summary>
    public Task KillAsync() => SignalAsync(SigKill);

    /// <summary>SIGTERM; the exit code of the clean stop.</summary>
    public async Task<int> TerminateAsync()
    {
        await SignalAsync(SigTerm);
        return _process.ExitCode;
    }

    /// <summary>SIGKILLs the warehouse child, which the host then starts again.</summary>
    public void KillWarehouse() => SignalWarehouse(SigKill);

    /// <summary>SIGSTOPs the warehouse child: it lives, holds its connections, and answers nothing.</summary>
    public void HangWarehouse() => SignalWarehouse(SigStop);

    /// <summary>Undoes <see cref="HangWarehouse"/>.</summary>
    public void WakeWarehouse() => SignalWarehouse(SigCont);

    private void SignalWarehouse(int signal)
    {
        foreach (var child in Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _)).Select(int.Parse!).Where(IsWarehouseOfThis)) Send(child, signal);
    }

    public Task<HttpResponseMessage> PostAsync(string ndjson) => _http.PostAsync("/v1/events", new StringContent(ndjson));

    /// <returns>Null when the host could not answer (it is gone, busy or stopping); the request may or may not have been taken.</returns>
    public async Task<JsonElement?> PostEventsAsync(string ndjson)
    {
        try
        {
            using var answer = await _http.PostAsync("/v1/events", new StringContent(ndjson));
            return answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadFromJsonAsync<JsonElement>() : null;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            return null;
        }
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await _http.GetAsync(path);
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"GET {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json = null) =>
        _http.SendAsync(new HttpRequestMessage(method, path) { Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json") });

    /// <summary>Starts a run and waits until it is over.</summary>
    public async Task<JsonElement> RunBatchAsync()
    {
        using var started = await SendAsync(HttpMethod.Post, "/v1/admin/batch/runs");
        if (started.StatusCode != HttpStatusCode.Accepted) throw new InvalidOperationException($"the run was not started: {(int)started.StatusCode} {await started.Content.ReadAsStringAsync()}");
        return await AwaitRunAsync((await started.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("run").GetString()!);
    }

    public async Task<JsonElement> AwaitRunAsync(string run)
    {
        for (var until = DateTime.UtcNow.AddMinutes(3); DateTime.UtcNow < until; await Task.Delay(50))
        {
            var report = await GetAsync($"/v1/admin/batch/runs/{run}");
            if (report.GetProperty("state").GetString() is "published" or "failed" or "abandoned") return report;
        }
        throw new TimeoutException($"run {run} is not over after three minutes; the host says:\n{Errors}");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    private async Task SignalAsync(int signal)
    {
        Send(_process.Id, signal);
        using var patience = new CancellationTokenSource(StartPatience);
        await _process.WaitForExitAsync(patience.Token);
    }

    private bool IsWarehouseOfThis(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1] == _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)
                && File.ReadAllText($"/proc/{process}/cmdline").Contains("Warehouse.Local", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // gone meanwhile
        }
    }

    private static void Send(int process, int signal)
    {
        if (Kill(process, signal) != 0) throw new InvalidOperationException($"kill({process}, {signal}) failed: errno {Marshal.GetLastPInvokeError()}");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int process, int signal);
}
