using System.Net;
using System.Runtime.CompilerServices;

namespace Lambda.Warehouse.Client;

/// <summary>Settings of one request, sent beside the statement.</summary>
public sealed class QuerySettings : Dictionary<string, string>;

/// <summary>May the request be sent again when its outcome is unknown?</summary>
public enum Repeat { Never, Safe }

/// <summary>
/// ClickHouse over its HTTP interface: sessionless requests over kept-alive connections, safe for concurrent use. Whatever speaks that interface will
/// do, a server or the local child process.
/// </summary>
public sealed class ClickHouseClient : IDisposable
{
    private readonly ClickHouseOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    /// <exception cref="ArgumentException">An option is wrong: named, with what was expected.</exception>
    public ClickHouseClient(ClickHouseOptions options, TimeProvider? time = null)
    {
        options.Validate();
        (_options, _time) = (options, time ?? TimeProvider.System);
        _http = new HttpClient(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = options.ConnectionsMax,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2), // servers close idle connections after 3 to 10 s: be first
            AutomaticDecompression = DecompressionMethods.None,
            RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.UTF8, // users and keys need not be ASCII
            UseProxy = !options.Url.IsLoopback,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    public string Database => _options.Database;

    public Uri Url => _options.Url;

    /// <summary>True when the server answers.</summary>
    public async Task<bool> PingAsync(CancellationToken cancel)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(_options.Url, "/ping"), cancel);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Runs a statement that gives no rows.</summary>
    /// <param name="repeat"><see cref="Repeat.Safe"/>: tried again while the server is away.</param>
    /// <param name="database">Another than the client's own, for making that one.</param>
    public async Task ExecuteAsync(
        string sql, QueryParameters? parameters = null, QuerySettings? settings = null, Repeat repeat = Repeat.Never, string? database = null,
        CancellationToken cancel = default)
    {
        using var response = await SendAsync(
            id => Request(id, null, new StringContent(sql), parameters, settings, database ?? _options.Database), Shorten(sql), repeat, cancel);
        await response.Content.CopyToAsync(Stream.Null, cancel);
    }

    /// <summary>Streams the rows of a SELECT (without FORMAT).</summary>
    /// <param name="repeat"><see cref="Repeat.Safe"/>: until the first row has come it is tried again while the server is away or short of time or memory.</param>
    public async IAsyncEnumerable<T> QueryAsync<T>(
        string sql, RowParser<T> parse, QueryParameters? parameters = null, QuerySettings? settings = null, string? database = null,
        Repeat repeat = Repeat.Safe, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var attempted = Shorten(sql);
        var queryId = "";
        var response = await SendAsync(
            id => Request(queryId = id, null, new StringContent(sql + "\nFORMAT RowBinary"), parameters, settings, database ?? _options.Database),
            attempted, repeat, cancel);
        var body = await response.Content.ReadAsStreamAsync(cancel);
        using var rows = new RowStream(response, _options.Compresses ? new Lz4BlockReader(body) : body, attempted, queryId);
        while (await rows.FillAsync(cancel))
            while (rows.TryParse(parse, out var row))
                yield return row!;
    }

    /// <summary>All rows of a small result.</summary>
    public async Task<List<T>> ListAsync<T>(
        string sql, RowParser<T> parse, QueryParameters? parameters = null, QuerySettings? settings = null, string? database = null, Repeat repeat = Repeat.Safe,
        CancellationToken cancel = default)
    {
        var list = new List<T>();
        await foreach (var row in QueryAsync(sql, parse, parameters, settings, database, repeat, cancel)) list.Add(row);
        return list;
    }

    /// <summary>The bytes of an answer as the server writes them (the statement names its FORMAT), as they come. Never tried again.</summary>
    /// <returns>Reading it throws <see cref="ClickHouseException"/> when the server fails in the middle: what came before is then not the whole.</returns>
    public async Task<Stream> OpenAsync(string sql, QueryParameters? parameters = null, QuerySettings? settings = null, string? database = null, CancellationToken cancel = default)
    {
        var attempted = Shorten(sql);
        var queryId = "";
        var response = await SendAsync(id => Request(queryId = id, null, new StringContent(sql), parameters, settings, database ?? _options.Database), attempted, Repeat.Never, cancel);
        var body = await response.Content.ReadAsStreamAsync(cancel);
        return new CheckedStream(response, _options.Compresses ? new Lz4BlockReader(body) : body, attempted, queryId);
    }

    /// <summary>Inserts a body in the format that <paramref name="insertSql"/> names (`INSERT INTO t (c) FORMAT Native`), streamed as the callback writes it.</summary>
    /// <param name="write">Called once per attempt.</param>
    public async Task InsertAsync(
        string insertSql, Func<Stream, CancellationToken, ValueTask> write, Repeat repeat, QuerySettings? settings = null, CancellationToken cancel = default)
    {
        var all = new QuerySettings { ["async_insert"] = "0", ["wait_end_of_query"] = "1" };
        foreach (var (name, value) in settings ?? []) all[name] = value;
        using var response = await SendAsync(
            id => Request(id, insertSql, new CallbackContent(write, _options.Compresses), null, all, _options.Database), Shorten(insertSql), repeat, cancel);
        await response.Content.CopyToAsync(Stream.Null, cancel);
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(
        string queryId, string? query, HttpContent body, QueryParameters? parameters, QuerySettings? settings, string database)
    {
        var pairs = new List<KeyValuePair<string, string>> { new("database", database), new("query_id", queryId) };
        if (query is not null) pairs.Add(new("query", query));
        if (_options.Compresses)
        {
            if (query is null) pairs.Add(new("compress", "1"));
            else pairs.AddRange([new("decompress", "1"), new("http_native_compression_disable_checksumming_on_decompress", "1")]);
        }
        if (settings is not null) pairs.AddRange(settings);
        if (parameters is not null) pairs.AddRange(parameters);
        var text = string.Join('&', pairs.Select(p => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}"));
        if (text.Length > UrlCharsMax) throw new ArgumentException($"parameters of {text.Length} characters; at most {UrlCharsMax} go into one request");
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_options.Url, "/?" + text)) { Content = body };
        if (_options.User.Length > 0) request.Headers.TryAddWithoutValidation("X-ClickHouse-User", _options.User);
        if (_options.Key.Length > 0) request.Headers.TryAddWithoutValidation("X-ClickHouse-Key", _options.Key);
        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(Func<string, HttpRequestMessage> request, string attempted, Repeat repeat, CancellationToken cancel)
    {
        var began = _time.GetTimestamp();
        for (var pause = _options.RetryPauseFirst; ; pause = Min(pause * 2, _options.RetryPauseMax))
        {
            try
            {
                return await SendOnceAsync(request, attempted, cancel);
            }
            catch (ClickHouseException e) when (repeat == Repeat.Safe && e.Fault == Fault.Transient && _time.GetElapsedTime(began) + pause < _options.RetryFor)
            {
                await Task.Delay(pause, _time, cancel);
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(Func<string, HttpRequestMessage> request, string attempted, CancellationToken cancel)
    {
        var queryId = Guid.NewGuid().ToString();
        using var message = request(queryId);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(_options.ResponseTimeout);
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw ClickHouseException.Transport(_options.Url, attempted, queryId, e);
        }
        var code = response.Headers.TryGetValues("X-ClickHouse-Exception-Code", out var codes) && int.TryParse(codes.First(), out var parsed) ? parsed : 0;
        if (response.IsSuccessStatusCode && code == 0) return response;
        using (response)
            throw ClickHouseException.FromText(await ErrorTextAsync(response, timeout.Token), code, response.StatusCode, attempted, queryId);
    }

    /// <summary>Errors too come compressed when the request asked for that, except those found before it was understood.</summary>
    private async Task<string> ErrorTextAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var bytes = await response.Content.ReadAsByteArrayAsync(cancel);
        if (!_options.Compresses || bytes.Length < 25 || bytes[16] != Lz4Blocks.Lz4Method) return System.Text.Encoding.UTF8.GetString(bytes);
        using var text = new StreamReader(new Lz4BlockReader(new MemoryStream(bytes)));
        return await text.ReadToEndAsync(cancel);
    }

    private static string Shorten(string sql) => sql.Length <= 120 ? sql : sql[..120] + "…";

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>Servers take 1 MiB by default.</summary>
    private const int UrlCharsMax = 900_000;

    private sealed class CallbackContent(Func<Stream, CancellationToken, ValueTask> write, bool compress) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancel)
        {
            if (!compress)
            {
                await write(stream, cancel);
                return;
            }
            await using var packed = new Lz4BlockWriter(stream);
            await write(packed, cancel);
            await packed.FinishAsync(cancel);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
