using System.Diagnostics;
using Lambda.Warehouse.Local.Engine;
using Lambda.Warehouse.Local.Sql;

namespace Lambda.Warehouse.Local.Http;

/// <summary>ClickHouse's HTTP interface: /, /ping, /replicas_status.</summary>
internal sealed class QueryHandler(ChdbEngine engine)
{
    internal async Task HandleAsync(HttpContext context)
    {
        context.Response.Headers["X-ClickHouse-Server-Display-Name"] = "lambda-local";
        if (IsFromAWebPage(context.Request))
        {
            await WriteTextAsync(context, 403, "Requests of web pages are refused: this warehouse has no password.\n");
            return;
        }
        switch (context.Request.Path.Value)
        {
            case "/ping" or "/replicas_status":
                await WriteTextAsync(context, 200, "Ok.\n");
                break;
            case "/" or "" when context.Request.Method is "GET" or "POST" or "HEAD":
                await QueryAsync(context);
                break;
            case "/" or "":
                await WriteTextAsync(context, 501, "Only GET, HEAD and POST are served.\n");
                break;
            default:
                await WriteTextAsync(context, 404,
                    $"There is no handle {context.Request.Path}\n\nUse / or /ping for health checks.\n\n"
                    + "Send queries from your program with POST method or GET /?query=...\n");
                break;
        }
    }

    /// <summary>Any page may have a browser send to loopback; then there is an Origin, or a name that was pointed here.</summary>
    private static bool IsFromAWebPage(HttpRequest request) =>
        request.Headers.ContainsKey("Origin") || request.Host.Host is not ("127.0.0.1" or "localhost" or "[::1]" or "");

    private async Task QueryAsync(HttpContext context)
    {
        QueryRequest? request = null;
        ResponseBody? body = null;
        try
        {
            request = await QueryRequest.ReadAsync(context);
            body = new ResponseBody(context, request);
            context.Response.Headers["X-ClickHouse-Query-Id"] = request.QueryId;
            context.Response.Headers["X-ClickHouse-Timezone"] = engine.Timezone;
            await body.CompleteAsync(await ExecuteAsync(context, request, body));
        }
        catch (QueryError error)
        {
            await FailAsync(context, request, body, error);
        }
        catch (InvalidDataException error)
        {
            await FailAsync(context, request, body,
                QueryError.Of(271, "CANNOT_DECOMPRESS", $"The request body is broken: {error.Message}"));
        }
        catch (Exception error) when (error is OperationCanceledException or ClientGoneException or BadHttpRequestException
                                          or IOException || context.RequestAborted.IsCancellationRequested)
        {
            context.Abort(); // nobody is there to answer
        }
        finally
        {
            body?.Dispose();
        }
    }

    /// <returns>The summary of the statement's progress, as JSON.</returns>
    private async Task<string> ExecuteAsync(HttpContext context, QueryRequest request, ResponseBody body)
    {
        var clock = Stopwatch.StartNew();
        using var text = await RequestText.ReadAsync(request, context);
        if (text.Statement.Kind == StatementKind.Empty)
            throw QueryError.Of(62, "SYNTAX_ERROR", "Empty query");
        var runner = new StatementRunner(request, text, body, context.RequestAborted);
        var run = request.Session is { } session
            ? engine.Sessions.RunAsync(session, request.Profile, runner.Run, context.RequestAborted)
            : engine.Pool.RunAsync(request.Profile, runner.Run, context.RequestAborted);
        if (text.Statement.Kind == StatementKind.Select && !run.IsCompleted)
            await using (context.RequestAborted.Register(() => _ = KillUntilEndedAsync(runner.Marker, run)))
                await run;
        await run;
        return runner.Progress.ToJson(clock.Elapsed);
    }

    /// <summary>The statement may not have started when its reader goes: it is killed again until it has ended.</summary>
    private async Task KillUntilEndedAsync(string marker, Task run)
    {
        while (!run.IsCompleted)
        {
            try
            {
                await engine.KillAsync(marker);
            }
            catch (Exception error) when (error is QueryError or InvalidOperationException)
            {
                return; // the engine is closing
            }
            await Task.WhenAny(run, Task.Delay(TimeSpan.FromMilliseconds(200)));
        }
    }

    private async Task FailAsync(HttpContext context, QueryRequest? request, ResponseBody? body, QueryError error)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return;
        await DrainAsync(context);
        using var own = body == null ? new ResponseBody(context, request ?? new QueryRequest()) : null;
        await (body ?? own!).FailAsync(error, engine.Version);
    }

    /// <summary>A client that is still sending must be able to finish before it reads our refusal.</summary>
    private static async Task DrainAsync(HttpContext context)
    {
        try
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or BadHttpRequestException)
        {
            // It has gone, or sends nonsense; the answer goes out as far as it can.
        }
    }

    private static Task WriteTextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = status == 200 ? "text/html; charset=UTF-8" : Formats.PlainText;
        return context.Response.WriteAsync(text);
    }
}
