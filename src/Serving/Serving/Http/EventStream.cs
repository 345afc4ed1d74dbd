using System.Globalization;
using Lambda.Serving.Api;
using Lambda.Serving.Security;
using Lambda.SpeedLayer.Ports;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Lambda.Serving.Http;

/// <summary>Server-sent events of something that is numbered: whoever comes back says which number it saw last.</summary>
internal sealed class EventStream
{
    public const string MediaType = "text/event-stream", LastEventId = "Last-Event-ID";

    /// <summary>Until there is something behind a number, or a while has passed.</summary>
    public required Func<long, CancellationToken, Task> Wait { get; init; }

    /// <summary>The messages behind a number, and the number to go on behind.</summary>
    public required Func<long, (string Text, long Upto)> Next { get; init; }

    /// <summary>To its end: the follower goes, this server stops, or the key does not hold any more.</summary>
    public async Task SendAsync(HttpContext context, ApiState state, long after)
    {
        var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping; // else an open stream would hold the server's end up
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        await context.AuditBeforeAnswerAsync();
        context.Response.ContentType = MediaType;
        context.Response.Headers.CacheControl = "no-store";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await SendAsync(context, ": follow\n\n", either.Token);
            for (var sentAt = Environment.TickCount64; StillMay(context, state);)
            {
                await Wait(after, either.Token);
                (var text, after) = Next(after);
                if (text.Length == 0 && Environment.TickCount64 - sentAt < Limits.FeedHeartbeat.TotalMilliseconds) continue;
                await SendAsync(context, text.Length > 0 ? text : ": still here\n\n", either.Token);
                sentAt = Environment.TickCount64;
            }
        }
        catch (OperationCanceledException)
        {
            // The follower went away, or this server does.
        }
        catch (StorageException)
        {
            // The follower comes back with what it saw last, and is told then.
        }
    }

    /// <summary>The number that the follower saw last; null when it says none.</summary>
    public static long? Resumed(HttpContext context) => context.Request.Headers[LastEventId] is not [{ Length: > 0 } text] ? null
        : TryParse(text, out var number) ? number : throw new ProblemException(Problem.BadParameter(LastEventId, text, "the id of a message of this feed"));

    public static bool TryParse(string text, out long? number)
    {
        var good = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed);
        number = parsed;
        return good;
    }

    /// <summary>A key may be revoked, or expire, while its stream is open.</summary>
    private static bool StillMay(HttpContext context, ApiState state) =>
        RequestScope.Of(context) is null || state.GuardOrNull?.Keys.Check(context.Request.Headers.Authorization[0]).State == KeyState.Good;

    private static async Task SendAsync(HttpContext context, string text, CancellationToken cancel)
    {
        await context.Response.WriteAsync(text, cancel);
        await context.Response.Body.FlushAsync(cancel);
    }
}
