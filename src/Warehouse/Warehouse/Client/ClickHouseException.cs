using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Lambda.Warehouse.Client;

/// <summary>What may be done about a failed request.</summary>
public enum Fault
{
    /// <summary>The server is away, busy or short of something: the same request may succeed later.</summary>
    Transient,

    /// <summary>The server says the data is malformed: the same request can never succeed.</summary>
    DataRefused,

    /// <summary>The request itself is wrong.</summary>
    Bug,
}

/// <summary>ClickHouse refused or failed a request, or could not be reached (<see cref="Code"/> 0).</summary>
public sealed partial class ClickHouseException : Exception
{
    private ClickHouseException(string message, int code, string name, HttpStatusCode? status, string queryId, Exception? inner)
        : base(message, inner) => (Code, Name, Status, QueryId) = (code, name, status, queryId);

    /// <summary>ClickHouse's error code, 0 when the failure was in transport.</summary>
    public int Code { get; }

    /// <summary>ClickHouse's name of the code (`UNKNOWN_TABLE`), or `TRANSPORT`.</summary>
    public string Name { get; }

    public HttpStatusCode? Status { get; }
    public string QueryId { get; }

    public Fault Fault => Code switch
    {
        0 => Fault.Transient,
        _ when TransientCodes.Contains(Code) => Fault.Transient,
        _ when DataCodes.Contains(Code) => Fault.DataRefused,
        _ => Fault.Bug,
    };

    internal static ClickHouseException Transport(Uri server, string attempted, string queryId, Exception inner) =>
        new($"ClickHouse at {server} while {attempted}: {inner.Message}", 0, "TRANSPORT", null, queryId, inner);

    /// <summary>From the text of an error response or of an exception block in a stream.</summary>
    internal static ClickHouseException FromText(string text, int headerCode, HttpStatusCode? status, string attempted, string queryId)
    {
        var found = CodePattern().Match(text);
        var code = headerCode != 0 ? headerCode : found.Success ? int.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;
        var names = NamePattern().Matches(text);
        var name = names.Count > 0 ? names[^1].Groups[1].Value : code == 0 ? "TRANSPORT" : "";
        var shown = text.Length > MessageCharsMax ? text[..MessageCharsMax] + "…" : text.TrimEnd();
        return new ClickHouseException($"ClickHouse while {attempted}: {(shown.Length == 0 ? $"HTTP {(int?)status}" : shown)}", code, name, status, queryId, null);
    }

    private const int MessageCharsMax = 4000;

    // Only what another try can cure: limits and shortages of the moment, the network, a server that is starting or stopping.
    private static readonly int[] TransientCodes =
    [
        159, // TIMEOUT_EXCEEDED
        202, 203, // TOO_MANY_SIMULTANEOUS_QUERIES, NO_FREE_CONNECTION
        209, 210, // SOCKET_TIMEOUT, NETWORK_ERROR
        236, // ABORTED: shutting down
        241, 242, 243, // MEMORY_LIMIT_EXCEEDED, TABLE_IS_READ_ONLY, NOT_ENOUGH_SPACE
        252, // TOO_MANY_PARTS
        279, // ALL_CONNECTION_TRIES_FAILED
        319, // UNKNOWN_STATUS_OF_INSERT
        439, // CANNOT_SCHEDULE_TASK
        745, // SERVER_OVERLOADED
        999, // KEEPER_EXCEPTION
    ];

    // What reading or converting inserted data can say.
    private static readonly int[] DataCodes =
    [
        6, 26, 27, 38, 41, 72, 130, 467, // CANNOT_PARSE_…
        25, 131, // text that is cut or too long
        32, 33, // the data ends early
        53, 70, // TYPE_MISMATCH, CANNOT_CONVERT_TYPE
        69, 117, 190, 321, 349, 407, 469, // out of bounds, INCORRECT_DATA, array sizes, null where none may be, decimal overflow, constraint
    ];

    [GeneratedRegex(@"Code: (\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex CodePattern();

    [GeneratedRegex(@"\(([A-Z][A-Z0-9_]{2,})\)", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
