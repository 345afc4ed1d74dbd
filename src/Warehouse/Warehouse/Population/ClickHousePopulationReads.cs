using System.Globalization;
using System.Text.RegularExpressions;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using Lambda.Warehouse.Client;

namespace Lambda.Warehouse.Population;

/// <summary>
/// Questions about `customer_current`, asked of the table that the view shows. FINAL takes the newest of a customer's rows: at a million customers it costs some
/// 70 ms of processor time beside the same question without, half of what finding them by a subquery costs and a tenth of argMax.
/// </summary>
/// <param name="definitions">The installation's definitions by the hash's first eight digits; null for one that is not known here.</param>
public sealed partial class ClickHousePopulationReads(ClickHouseClient client, Func<string, ViewDefinition?> definitions, TimeProvider time) : IPopulationReads, IDisposable
{
    private readonly SemaphoreSlim _running = new(RunningMax, RunningMax);
    private readonly SemaphoreSlim _exporting = new(ExportingMax, ExportingMax);
    private readonly SemaphoreSlim _asking = new(1, 1);
    private (ViewDefinition? Definition, long At)? _shown;
    private (PopulationSummary Summary, string Hash, long At)? _summary;

    public async ValueTask<ViewDefinition?> DefinitionAsync(CancellationToken cancel)
    {
        if (_shown is { } known && time.GetElapsedTime(known.At) < ShownFor) return known.Definition;
        return await Translated(async () =>
        {
            var selects = await client.ListAsync("SELECT as_select FROM system.tables WHERE database = {database:String} AND name = {view:String}",
                (ref RowBinaryReader row) => row.Text(), new QueryParameters { { "database", client.Database }, { "view", ClickHousePopulation.View } }, repeat: Repeat.Never, cancel: cancel);
            var definition = selects is [var select] && TablePattern().Match(select) is { Success: true } table ? definitions(table.Groups[1].Value) : null;
            _shown = (definition, time.GetTimestamp());
            return definition;
        });
    }

    public async ValueTask<PopulationSummary> SummaryAsync(ViewDefinition definition, CancellationToken cancel)
    {
        if (Fresh(definition) is { } known) return known;
        await _asking.WaitAsync(cancel); // one asks, the others take what it found
        try
        {
            if (Fresh(definition) is { } found) return found;
            var rows = await AskAsync(() => client.ListAsync(PopulationSql.Summary(definition),
                (ref RowBinaryReader row) => (Rows: (long)row.UInt64(), Epoch: row.Int64(), Day: row.Int32()), settings: Limited(), repeat: Repeat.Never, cancel: cancel), cancel);
            var summary = rows is [var (count, epoch, day)] && count > 0 ? new PopulationSummary(count, epoch, day) : new PopulationSummary(0, 0, null);
            _summary = (summary, definition.Hash, time.GetTimestamp());
            return summary;
        }
        finally
        {
            _asking.Release();
        }
    }

    public async Task<IReadOnlyList<PopulationHit>> SearchAsync(PopulationQuery query, CancellationToken cancel) =>
        await AskAsync(() => client.ListAsync(PopulationSql.Search(query), new HitReader(query).Read, settings: Limited(), repeat: Repeat.Never, cancel: cancel), cancel);

    public async Task<long> CountAsync(ViewDefinition definition, Expr? where, CancellationToken cancel) =>
        (await AskAsync(() => client.ListAsync(PopulationSql.Count(definition, where), (ref RowBinaryReader row) => (long)row.UInt64(), settings: Limited(), repeat: Repeat.Never, cancel: cancel), cancel))[0];

    public async Task<Stream> ExportAsync(PopulationExport export, CancellationToken cancel)
    {
        var settings = Limited();
        settings["max_execution_time"] = Seconds(ExportTime);
        settings["max_memory_usage"] = Bytes(ExportMemory);
        settings["date_time_output_format"] = "iso";
        settings["output_format_json_quote_64bit_integers"] = "0";
        settings["output_format_json_quote_decimals"] = "0";
        var parameters = new QueryParameters { { "from", export.From }, { "to", export.To } };
        if (!await _exporting.WaitAsync(WaitMax, cancel)) throw new EngineUnavailableException($"{ExportingMax} exports run already; ask again", RetryAfter);
        try
        {
            var stream = await Translated(() => client.OpenAsync(PopulationSql.Export(export), parameters, settings, cancel: cancel));
            return new TranslatingStream(stream, Translate, () => _exporting.Release());
        }
        catch
        {
            _exporting.Release();
            throw;
        }
    }

    public async Task<IReadOnlyList<string>> BoundariesAsync(ViewDefinition definition, int rowsPerPart, CancellationToken cancel)
    {
        var sampled = await AskAsync(() => client.ListAsync(PopulationSql.Samples(definition), (ref RowBinaryReader row) =>
        {
            var rows = (long)row.UInt64();
            var samples = new List<string>();
            var count = row.Count();
            for (var i = 0; i < count && !row.Incomplete; i++) samples.Add(row.Text());
            return (Rows: rows, Samples: samples);
        }, settings: Limited(), repeat: Repeat.Never, cancel: cancel), cancel);
        var (total, ids) = sampled[0];
        var parts = Math.Min(ids.Count, (total + rowsPerPart - 1) / rowsPerPart);
        return [.. Enumerable.Range(1, (int)Math.Max(0, parts - 1)).Select(i => ids[(int)(i * ids.Count / parts)]).Distinct()];
    }

    public void Dispose()
    {
        _running.Dispose();
        _asking.Dispose();
    }

    private PopulationSummary? Fresh(ViewDefinition definition) =>
        _summary is { } known && known.Hash == definition.Hash && time.GetElapsedTime(known.At) < SummaryFor ? known.Summary : null;

    /// <summary>So many questions at once, so that inserts and the batch run still get a connection; others wait a little.</summary>
    private async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancel)
    {
        if (!await _running.WaitAsync(WaitMax, cancel)) throw new EngineUnavailableException($"{RunningMax} questions about the population run already and others wait; ask again", RetryAfter);
        try
        {
            return await Translated(ask);
        }
        finally
        {
            _running.Release();
        }
    }

    private async Task<T> Translated<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (ClickHouseException e)
        {
            throw Translate(e);
        }
    }

    private Exception Translate(ClickHouseException e)
    {
        switch (e.Code)
        {
            case 159 or 160 or 307 or 396 or 158:
                return new QueryLimitException(e.Code is 159 or 160 ? QueryLimit.Time : QueryLimit.Size, $"more than the {SearchTime.TotalSeconds:0} s that a question may take: narrow it, or export instead", e);
            case 241:
                return new QueryLimitException(QueryLimit.Memory, $"more than the {SearchMemory >> 20} MiB that a question may use: show or sort by less, or export instead", e);
            case 167 or 229 or 168 or 306: // nested or long beyond what the server parses
                return new QueryLimitException(QueryLimit.Size, "the question is too large: put parts of it into derived values of the definition", e);
            case 60: // UNKNOWN_TABLE
                _shown = null;
                return new EngineUnavailableException("another definition has just taken over; ask again", RetryAfter);
        }
        return e.Fault == Fault.Transient ? new EngineUnavailableException($"the warehouse does not answer: {e.Message}", RetryAfter) : e;
    }

    private static QuerySettings Limited() => new()
    {
        ["max_execution_time"] = Seconds(SearchTime),
        ["timeout_overflow_mode"] = "throw",
        ["max_memory_usage"] = Bytes(SearchMemory),
        ["compile_expressions"] = "0", // a question is asked once; compiling it takes longer than answering
        ["optimize_move_to_prewhere_if_final"] = "0", // a condition on a row that FINAL would have dropped must not see it
    };

    private static string Seconds(TimeSpan time) => ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private static string Bytes(long bytes) => bytes.ToString(CultureInfo.InvariantCulture);

    private const int RunningMax = 3, ExportingMax = 2;
    private const long SearchMemory = 1L << 30, ExportMemory = 3L << 30;
    private static readonly TimeSpan SearchTime = TimeSpan.FromSeconds(10), ExportTime = TimeSpan.FromHours(1), WaitMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShownFor = TimeSpan.FromSeconds(1), SummaryFor = TimeSpan.FromSeconds(5), RetryAfter = TimeSpan.FromSeconds(1);

    [GeneratedRegex(@"\bcustomer_current_([0-9a-f]{8})\b", RegexOptions.CultureInvariant)]
    private static partial Regex TablePattern();
}
