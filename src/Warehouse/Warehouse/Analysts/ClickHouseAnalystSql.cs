using System.Globalization;
using System.Text;
using System.Text.Json;
using Lambda.Serving.Ports;
using Lambda.Warehouse.Client;

namespace Lambda.Warehouse.Analysts;

/// <summary>
/// Runs what analysts write: the statement is put into a subquery (so FORMAT and INTO have no place in it), its tree is checked, and the very same text runs on a
/// connection that can only read, in a database that holds only what they may see, within limits of time, memory and rows.
/// </summary>
/// <param name="analyst">Of a user who has SELECT on the analysts' database and no other right; null: the client's own user, read-only.</param>
public sealed class ClickHouseAnalystSql(ClickHouseClient client, ClickHouseClient? analyst, IPopulationReads population) : IAnalystSql, IDisposable
{
    private readonly SemaphoreSlim _running = new(RunningMax, RunningMax);
    private readonly AnalystViews _views = new(client, forAnotherUser: analyst is not null);
    private AllowedFunctions? _functions;

    public async Task<SqlResult> RunAsync(string sql, IReadOnlyDictionary<string, string?> parameters, int rowsMax, CancellationToken cancel)
    {
        var definition = await population.DefinitionAsync(cancel) ?? throw new EngineUnavailableException("the table of all customers is being filled for the first time", RetryAfter);
        if (!await _running.WaitAsync(WaitMax, cancel)) throw new EngineUnavailableException($"{RunningMax} statements of analysts run already; ask again", RetryAfter);
        try
        {
            await _views.EnsureAsync(definition, cancel);
            // What ends the subquery early ends up in the tree like all else; a comment that was left open ends here.
            var text = string.Create(CultureInfo.InvariantCulture, $"SELECT * FROM (\n{sql}\n/**/) LIMIT {rowsMax + 1}");
            var values = Values(parameters);
            await CheckAsync(text, values, cancel);
            return await ReadAsync(text, values, rowsMax, cancel);
        }
        catch (ClickHouseException e)
        {
            throw Translate(e);
        }
        finally
        {
            _running.Release();
        }
    }

    public void Dispose() => analyst?.Dispose();

    private async Task CheckAsync(string text, QueryParameters values, CancellationToken cancel)
    {
        _functions ??= await AllowedFunctions.OfAsync(client, cancel);
        var databases = (await client.ListAsync("SELECT name FROM system.databases", (ref RowBinaryReader row) => row.Text(), repeat: Repeat.Never, cancel: cancel)).ToHashSet(StringComparer.Ordinal);
        var tree = await client.ListAsync("EXPLAIN AST " + text, (ref RowBinaryReader row) => row.Text(), values, Limited(), _views.Database, Repeat.Never, cancel);
        new SqlGuard(_functions, databases, _views.Database).Check(tree);
    }

    private async Task<SqlResult> ReadAsync(string text, QueryParameters values, int rowsMax, CancellationToken cancel)
    {
        await using var answer = await (analyst ?? client).OpenAsync(text + "\nFORMAT JSONCompactEachRowWithNamesAndTypes", values, Limited(), _views.Database, cancel);
        using var bytes = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int read; (read = await answer.ReadAsync(buffer, cancel)) > 0;)
        {
            if (bytes.Length + read > ResultBytes) throw new QueryLimitException(QueryLimit.Size, $"the result is larger than {ResultBytes >> 20} MiB: select less");
            bytes.Write(buffer, 0, read);
        }
        var lines = Lines(bytes.GetBuffer().AsMemory(0, (int)bytes.Length));
        if (lines.Count < 2) throw new InvalidDataException("the warehouse's answer lacks its two lines of header");
        var rows = lines[2..];
        return new SqlResult(Texts(lines[0]), Texts(lines[1]), rows.Count > rowsMax ? rows[..rowsMax] : rows, rows.Count > rowsMax);
    }

    private static List<ReadOnlyMemory<byte>> Lines(ReadOnlyMemory<byte> bytes)
    {
        var lines = new List<ReadOnlyMemory<byte>>();
        while (!bytes.IsEmpty)
        {
            var end = bytes.Span.IndexOf((byte)'\n');
            if (end < 0) end = bytes.Length;
            if (end > 0) lines.Add(bytes[..end]);
            bytes = bytes[Math.Min(bytes.Length, end + 1)..];
        }
        return lines;
    }

    private static List<string> Texts(ReadOnlyMemory<byte> line) => JsonSerializer.Deserialize<List<string>>(line.Span)!;

    private static QueryParameters Values(IReadOnlyDictionary<string, string?> parameters)
    {
        var values = new QueryParameters();
        foreach (var (name, value) in parameters)
        {
            if (name.Length is 0 or > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')) throw new SqlRefusedException($"parameter `{name}`: expected letters, digits and _");
            values.Add(name, value);
        }
        return values;
    }

    private Exception Translate(ClickHouseException e)
    {
        switch (e.Code)
        {
            case 159 or 160: return new QueryLimitException(QueryLimit.Time, $"more than the {RunTime.TotalSeconds:0} s that a statement may take", e);
            case 241: return new QueryLimitException(QueryLimit.Memory, $"more than the {Memory >> 20} MiB that a statement may use", e);
            case 158 or 307 or 396 or 191: return new QueryLimitException(QueryLimit.Size, "more rows or bytes than a statement may read or give", e);
        }
        if (e.Code == 60 && e.Message.Contains(Population.ClickHousePopulation.View + "_", StringComparison.Ordinal)) _views.Forget();
        return e.Fault == Fault.Transient
            ? new EngineUnavailableException($"the warehouse does not answer: {e.Message}", RetryAfter)
            : new SqlRefusedException(Shown(e.Message));
    }

    /// <summary>The server's own words, without what stands around them.</summary>
    private static string Shown(string message)
    {
        var at = message.IndexOf("DB::Exception: ", StringComparison.Ordinal);
        var text = new StringBuilder(at < 0 ? message : message[(at + "DB::Exception: ".Length)..]);
        return (text.Length <= MessageCharacters ? text.ToString() : text.ToString(0, MessageCharacters) + "…").Trim();
    }

    private static QuerySettings Limited() => new()
    {
        ["readonly"] = "1",
        ["max_execution_time"] = ((long)RunTime.TotalSeconds).ToString(CultureInfo.InvariantCulture),
        ["timeout_overflow_mode"] = "throw",
        ["max_memory_usage"] = Memory.ToString(CultureInfo.InvariantCulture),
        ["max_threads"] = "2",
        ["max_result_bytes"] = ResultBytes.ToString(CultureInfo.InvariantCulture),
        ["result_overflow_mode"] = "throw",
        ["allow_introspection_functions"] = "0",
        ["query_plan_remove_redundant_sorting"] = "0", // the order that was asked for is the subquery's
        ["date_time_output_format"] = "iso",
        ["output_format_json_quote_64bit_integers"] = "0",
        ["output_format_json_quote_decimals"] = "0",
    };

    private const int RunningMax = 2, MessageCharacters = 1_000;
    private const long Memory = 1L << 30, ResultBytes = 64L << 20;
    private static readonly TimeSpan RunTime = TimeSpan.FromSeconds(30), WaitMax = TimeSpan.FromSeconds(5), RetryAfter = TimeSpan.FromSeconds(2);
}
