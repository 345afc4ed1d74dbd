using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>SQL for analysts.</summary>
internal static class SqlApi
{
    public static readonly Operation Post = new("POST", "/v1/sql", "runSql", "Read-only SQL over customers and events, without personal data", HandleAsync)
    {
        Access = Access.For(Roles.Marketing | Roles.Finance),
        Audited = Audited.Read,
        Detail = "One SELECT in ClickHouse's dialect over `customer_current` (a row a customer) and `events` (distinct events); columns with personal data are absent for everybody. "
            + "`{name:Type}` places take `parameters`. Time, memory and rows are limited. Refused: other tables, table functions, functions that reach beyond their arguments, SETTINGS, FORMAT, more than one statement.",
        Request = new Body("Sql", "What to run.", [JsonResponse.Json]) { IsOne = true },
        Replies =
        [
            new Reply(200, "Rows, each a list of values in the order of `columns`.", "SqlRows"),
            Reply.Problem(400, "The statement is wrong, or asks for what is not allowed."),
            Reply.Problem(413, "The body is over the limit."),
            Reply.Problem(415, "Media type is not supported."),
            Reply.Problem(422, "It took more time, memory or room than a statement gets."),
            Reply.Problem(503, "The warehouse does not answer, or too many statements run; see Retry-After."),
        ],
    };

    private static async Task HandleAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        using var body = (await JsonBody.ReadAsync(context, Limits.SqlBytes)).Only("sql", "parameters", "limit");
        var (sql, limit, parameters) = (body.Text("sql"), body.Int("limit", Limits.SqlRowsDefault, 1, Limits.SqlRowsMax), body.Scalars("parameters"));
        context.AuditDetail($"statement of {sql.Length} characters, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)))}"); // not itself: it may name somebody
        SqlResult result;
        try
        {
            result = await state.Parts.Population.Sql.RunAsync(sql, parameters, limit, context.RequestAborted);
        }
        catch (SqlRefusedException e)
        {
            throw new ProblemException(new Problem(StatusCodes.Status400BadRequest, "sql-refused", e.Message, Extensions: to => to.WriteString("parameter", "sql")));
        }
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, JsonResponse.Json, result, Write);
    }

    private static void Write(Utf8JsonWriter to, SqlResult result)
    {
        to.WriteStartObject();
        JsonMaps.WriteTexts(to, "columns", result.Columns);
        JsonMaps.WriteTexts(to, "types", result.Types);
        to.WriteStartArray("rows");
        foreach (var row in result.Rows) to.WriteRawValue(row.Span, skipInputValidation: true);
        to.WriteEndArray();
        to.WriteBoolean("truncated", result.Truncated);
        to.WriteEndObject();
    }
}
