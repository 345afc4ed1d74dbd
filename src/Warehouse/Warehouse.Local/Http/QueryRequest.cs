using System.Globalization;
using System.Text;
using Lambda.Warehouse.Local.Engine;
using Microsoft.Extensions.Primitives;

namespace Lambda.Warehouse.Local.Http;

/// <summary>A request as ClickHouse reads it: from the URL's parameters, some headers, and a multipart form if there is one.</summary>
internal sealed record QueryRequest
{
    /// <summary>Belong to HTTP or to the server, not to the statement. async_insert is among them because it does not work in here:
    /// an insert is always written when it is acknowledged.</summary>
    private static readonly HashSet<string> NotSettings = new(StringComparer.Ordinal)
    {
        "user", "password", "quota_key", "role", "stacktrace", "buffer_size", "session_timeout", "session_check", "close_session",
        "client_protocol_version", "send_progress_in_http_headers", "http_headers_progress_interval_ms", "http_zlib_compression_level",
        "http_response_buffer_size", "http_write_exception_in_output_format", "add_http_cors_header", "http_wait_end_of_query",
        "cancel_http_readonly_queries_on_client_close", "async_insert", "wait_for_async_insert", "async_insert_busy_timeout_ms",
        "async_insert_max_data_size", "async_insert_deduplicate", "http_native_compression_disable_checksumming_on_decompress",
        "http_receive_timeout", "http_send_timeout", "http_connection_timeout",
    };

    internal string Query { get; private set; } = "";
    internal string? DefaultFormat { get; private set; }
    internal string QueryId { get; private set; } = Guid.NewGuid().ToString();
    internal List<QueryParameter> Parameters { get; } = [];
    internal SessionRequest? Session { get; private set; }
    internal bool WaitEndOfQuery { get; private set; }
    internal bool CompressHttp { get; private set; }
    internal bool CompressBlocks { get; private set; }
    internal bool DecompressBlocks { get; private set; }

    /// <summary>The method is GET: it must not change anything.</summary>
    internal bool IsGet { get; private init; }

    private readonly List<KeyValuePair<string, string>> _settings = [];
    private string _database = "";
    private int _readOnly;

    internal Profile Profile => new(_database, _settings, _readOnly);

    internal bool HasSetting(string name) => _settings.Exists(s => s.Key == name);

    /// <exception cref="QueryError">A parameter has a value that cannot be.</exception>
    internal static async Task<QueryRequest> ReadAsync(HttpContext context)
    {
        var http = context.Request;
        var request = new QueryRequest { IsGet = HttpMethods.IsGet(http.Method) || HttpMethods.IsHead(http.Method) };
        request.ReadHeaders(http);
        string? sessionId = null;
        foreach (var (name, values) in http.Query)
            request.Take(name, values, ref sessionId);
        if (http.HasFormContentType && http.ContentType!.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase))
            await request.ReadFormAsync(http, context.RequestAborted);
        if (!string.IsNullOrEmpty(sessionId))
            request.Session = ReadSession(http.Query, sessionId);
        return request;
    }

    private void ReadHeaders(HttpRequest http)
    {
        _database = http.Headers["X-ClickHouse-Database"].ToString();
        DefaultFormat = NullIfEmpty(http.Headers["X-ClickHouse-Format"]);
        if (NullIfEmpty(http.Headers["X-ClickHouse-Query-Id"]) is { } id)
            QueryId = id;
        // The one user with a meaning: what it sends can only read, whatever the URL says.
        var user = NullIfEmpty(http.Headers["X-ClickHouse-User"]) ?? NullIfEmpty(http.Query["user"]) ?? BasicUser(http);
        if (user == "readonly")
            _readOnly = 1;
    }

    private void Take(string name, StringValues values, ref string? sessionId)
    {
        var value = values.Count > 0 ? values[^1] ?? "" : "";
        switch (name)
        {
            case "" or "param_": break;
            case "query": Query = value; break;
            case "database": _database = _database.Length > 0 ? _database : value; break;
            case "default_format": DefaultFormat ??= NullIfEmpty(value); break;
            case "query_id": QueryId = value.Length > 0 ? value : QueryId; break;
            case "session_id": sessionId = value; break;
            case "wait_end_of_query": WaitEndOfQuery = Flag(name, value); break;
            case "enable_http_compression": CompressHttp = Flag(name, value); break;
            case "compress": CompressBlocks = Flag(name, value); break;
            case "decompress": DecompressBlocks = Flag(name, value); break;
            case "readonly": _readOnly = Math.Max(_readOnly, ReadOnlyLevel(value)); break;
            case var p when p.StartsWith("param_", StringComparison.Ordinal): Parameters.Add(new QueryParameter(p[6..], value)); break;
            case var s when !NotSettings.Contains(s): _settings.Add(new(s, value)); break;
        }
    }

    private async Task ReadFormAsync(HttpRequest http, CancellationToken cancel)
    {
        var form = await http.ReadFormAsync(cancel);
        if (form.Files.Count > 0)
            throw QueryError.Of(48, "NOT_IMPLEMENTED", "External tables in a multipart form are not supported by the local warehouse");
        foreach (var (name, value) in form)
        {
            if (name == "query")
                Query += value.ToString();
            else if (name.StartsWith("param_", StringComparison.Ordinal))
                Parameters.Add(new QueryParameter(name[6..], value.ToString()));
        }
    }

    private static SessionRequest ReadSession(IQueryCollection query, string id)
    {
        var seconds = Limits.SessionTimeoutSecondsDefault;
        var text = query["session_timeout"].ToString();
        if (text.Length > 0 && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds))
            throw QueryError.Of(374, "INVALID_SESSION_TIMEOUT", $"Invalid session timeout: '{text}'");
        if (seconds > Limits.SessionTimeoutSecondsMax)
            throw QueryError.Of(374, "INVALID_SESSION_TIMEOUT",
                $"Session timeout '{text}' is larger than max_session_timeout: {Limits.SessionTimeoutSecondsMax}.");
        return new SessionRequest(id, TimeSpan.FromSeconds(seconds),
            query["session_check"] == "1", query["close_session"] == "1");
    }

    private static int ReadOnlyLevel(string value) => value switch
    {
        "0" => 0,
        "1" => 1,
        "2" => 2,
        _ => throw QueryError.Of(36, "BAD_ARGUMENTS", $"readonly is '{value}': expected 0, 1 or 2"),
    };

    private static bool Flag(string name, string value) => value switch
    {
        "1" or "true" => true,
        "" or "0" or "false" => false,
        _ => throw QueryError.Of(36, "BAD_ARGUMENTS", $"{name} is '{value}': expected 0 or 1"),
    };

    private static string? BasicUser(HttpRequest http)
    {
        var header = http.Headers.Authorization.ToString();
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return null;
        Span<byte> decoded = stackalloc byte[256];
        return header.Length < 256 && Convert.TryFromBase64String(header[6..], decoded, out var length)
            ? Encoding.UTF8.GetString(decoded[..length]).Split(':')[0]
            : null;
    }

    private static string? NullIfEmpty(StringValues value) => StringValues.IsNullOrEmpty(value) ? null : value.ToString();
}
