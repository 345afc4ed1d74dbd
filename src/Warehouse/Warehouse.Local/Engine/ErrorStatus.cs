namespace Lambda.Warehouse.Local.Engine;

/// <summary>ClickHouse's error code → HTTP status, as the server maps them (exceptionCodeToHTTPStatus.cpp); all others are 500.</summary>
internal static class ErrorStatus
{
    internal static int Of(int code) => code switch
    {
        194 => 401,                                             // REQUIRED_PASSWORD
        192 or 193 or 516 or 512 or 497 => 403,                 // unknown user, password, authentication, role, access
        6 or 25 or 26 or 27 or 38 or 41 or 72 or 117 => 400,    // CANNOT_PARSE_*, INCORRECT_DATA
        376 or 441 or 675 or 676 or 321 => 400,                 // UUID, domain value, IPv4, IPv6, out of range
        8 or 15 or 36 or 44 or 53 or 427 => 400,                // columns, BAD_ARGUMENTS, TYPE_MISMATCH, regexp
        37 or 62 or 123 or 167 or 168 or 223 => 400,            // SYNTAX_ERROR and the syntax tree's
        46 or 47 or 50 or 56 or 60 or 63 or 73 or 78 => 404,    // UNKNOWN_FUNCTION, IDENTIFIER, TYPE, STORAGE, TABLE, …
        81 or 115 or 152 or 336 or 511 => 404,                  // UNKNOWN_DATABASE, SETTING, direction, engine, role
        229 => 413,                                             // QUERY_IS_TOO_LARGE
        48 => 501,                                              // NOT_IMPLEMENTED
        209 or 76 or 439 => 503,                                // SOCKET_TIMEOUT, CANNOT_OPEN_FILE, CANNOT_SCHEDULE_TASK
        381 => 411,                                             // HTTP_LENGTH_REQUIRED
        159 => 408,                                             // TIMEOUT_EXCEEDED
        779 => 415,                                             // UNSUPPORTED_MEDIA_TYPE
        _ => 500,
    };
}
