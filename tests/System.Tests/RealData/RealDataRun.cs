using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Lambda.SystemTests.Cli;
using Lambda.SystemTests.Processes;
using Xunit;

namespace Lambda.SystemTests.RealData;

/// <summary>
/// The main job on one file, by real processes: import (killed in the middle, resumed, and all of it a second time), a batch run, and every customer's answer
/// before, during and after it, over HTTP and in the warehouse. What was measured on the way is told at the end.
/// </summary>
internal sealed class RealDataRun(string file, string map, List<Purchase> rows, string? definition, Action<string> tell) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _data = Directory.CreateTempSubdirectory("lambda-data").FullName;
    private readonly List<Expected> _expected = Expected.Of(rows);
    private readonly long _events = rows.Count + rows.LongCount(r => r.IsFraud);
    private RunningHost _host = null!;
    private Comparison _compare = null!;

    /// <param name="days">Days whose windows every customer is asked for, before and after the run.</param>
    /// <param name="everyNth">Of the customers that are asked for those days: each such answer may cost a query.</param>
    public async Task RunAsync(IReadOnlyList<DateOnly> days, int everyNth)
    {
        _host = await RunningHost.StartAsync(_data, definition is null ? [] : ["--definition", definition]);
        _compare = new Comparison(() => _host, _expected);
        await ImportAsync();
        await CompareAsync("before the run", days, everyNth);
        await ImportAgainAsync();
        await RunWithReadsAsync();
        await CompareAsync("after the run", days, everyNth);
        await PopulationAsync();
        tell($"{_compare.Answers:n0} answers with {_compare.Values:n0} values compared, {_expected.Count:n0} customers");
        Assert.Equal(0, await _host.TerminateAsync());
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    private async Task ImportAsync()
    {
        using (var killed = Process.Start(LambdaProcess.Command(ImportArguments()))!)
        {
            while (await EndAsync() < _events / 4)
            {
                Assert.False(killed.HasExited, $"the import ended with {(killed.HasExited ? killed.ExitCode : 0)} before it could be killed");
                await Task.Delay(5);
            }
            killed.Kill();
            await killed.WaitForExitAsync();
        }
        Assert.True(await EndAsync() < _events, "the import was over before it was killed");
        var resumed = await ImportedAsync("the rest", ImportArguments());
        Assert.True(resumed.GetProperty("resumed").GetBoolean(), "the import began anew instead of going on");
        Assert.Equal(0, await CounterAsync("conflicting_duplicates"));
    }

    /// <summary>All rows once more: each is known, so nothing changes but the count of repeats.</summary>
    private async Task ImportAgainAsync()
    {
        var before = await CounterAsync("duplicates");
        await ImportedAsync("again", [.. ImportArguments(), "--again"]);
        Assert.Equal(before + _events, await CounterAsync("duplicates"));
        Assert.Equal(0, await CounterAsync("conflicting_duplicates"));
    }

    private async Task<JsonElement> ImportedAsync(string what, string[] arguments)
    {
        var ended = await LambdaProcess.RunAsync(arguments);
        Assert.True(ended.ExitCode == 0, $"import: exit code {ended.ExitCode}\n{ended.Output}\n{ended.Error}");
        var report = JsonDocument.Parse(ended.Output).RootElement;
        Assert.Equal(rows.Count, report.GetProperty("rows").GetInt64());
        Assert.Equal(_events, report.GetProperty("events").GetInt64());
        Assert.Equal(0, report.GetProperty("rejected").GetInt64());
        tell($"import {what}: {_events:n0} events in all, {report.GetProperty("seconds").GetDouble():0.0} s");
        await AppliedAsync();
        return report;
    }

    private async Task RunWithReadsAsync()
    {
        var watch = Stopwatch.StartNew();
        var before = _compare.Answers;
        var run = _host.RunBatchAsync();
        await _compare.UntilAsync(run);
        var report = await run;
        Assert.True(report.GetProperty("state").GetString() == "published", $"the run ended so: {report}\n{_host.Errors}");
        tell($"run: {watch.Elapsed.TotalSeconds:0.0} s, {_compare.Answers - before:n0} answers compared meanwhile");
    }

    private async Task CompareAsync(string when, IReadOnlyList<DateOnly> days, int everyNth)
    {
        foreach (var day in days.Select(d => (DateOnly?)d).Prepend(null))
        {
            var (watch, before) = (Stopwatch.StartNew(), _compare.Answers);
            await _compare.AllAsync(day, day is null ? 1 : everyNth);
            tell($"{when}, as of {day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "today"}: {(_compare.Answers - before) / watch.Elapsed.TotalSeconds:n0} answers/s");
        }
    }

    /// <summary>`customer_current`, once it holds the rows of the run's epoch.</summary>
    private async Task PopulationAsync()
    {
        var url = new Uri((await StatusAsync()).GetProperty("warehouse").GetProperty("url").GetString()!);
        using var warehouse = new WarehouseClient(url);
        // A row keeps the epoch it was computed with: a base that was found equal to what it replaces changes none.
        var wanted = $"{_expected.Count}\t{_expected.Sum(e => e.Count)}\t{_expected.Sum(e => e.Spend)}";
        var totals = "";
        for (var watch = Stopwatch.StartNew(); totals != wanted; await Task.Delay(100))
        {
            Assert.True(watch.Elapsed < Patience, $"customers, purchases and spend of customer_current are {totals}, the file says {wanted}");
            totals = await warehouse.QueryAsync("SELECT count(), sum(purchases), sum(spend) FROM customer_current");
        }
        var lines = await warehouse.QueryAsync(
            "SELECT customer_id, purchases, spend, toUnixTimestamp(first_purchase_at), toUnixTimestamp(last_purchase_at), confirmed_frauds FROM customer_current ORDER BY customer_id");
        var should = _expected.OrderBy(e => e.Customer, StringComparer.Ordinal).Select(e => $"{e.Customer}\t{e.Count}\t{e.Spend}\t{Seconds(e.First)}\t{Seconds(e.Last)}\t{e.Frauds}");
        Assert.Equal(should, lines.Split('\n'));
    }

    private static long Seconds(DateTime at) => (at - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerSecond;

    private string[] ImportArguments() => ["import", file, "--map", Path.Combine(Repository.Root, "samples", map), "--url", _host.Url.ToString(), "--json"];

    private Task<JsonElement> StatusAsync() => _host.GetAsync("/v1/admin/status");

    private async Task<long> CounterAsync(string name) => (await StatusAsync()).GetProperty("counters").GetProperty(name).GetInt64();

    private async Task<long> EndAsync() => (await StatusAsync()).GetProperty("partitions").EnumerateArray().Sum(p => p.GetProperty("end").GetInt64());

    /// <summary>Waits until all that is in the log is in the answers.</summary>
    private async Task AppliedAsync()
    {
        for (var watch = Stopwatch.StartNew(); (await StatusAsync()).GetProperty("partitions").EnumerateArray().Any(p => p.GetProperty("applied").GetInt64() < p.GetProperty("end").GetInt64()); await Task.Delay(20))
            Assert.True(watch.Elapsed < Patience, $"folding stands still:\n{_host.Errors}");
    }
}
