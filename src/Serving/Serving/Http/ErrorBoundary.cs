using Lambda.Domain.Views;
using Lambda.Serving.Audit;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Http;

/// <summary>Turns everything that is not an answer into a problem, in one place.</summary>
internal static class ErrorBoundary
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private const int ClientClosedRequest = 499; // nobody reads it; nginx's number, for logs

    public static async Task InvokeAsync(HttpContext context, RequestDelegate next, bool dev, Action<string, Exception> onError)
    {
        CardGuard.MaskSpan(context);
        if (dev && LoopbackGuard.Check(context.Request) is { } foreign)
        {
            await foreign.WriteAsync(context);
            return;
        }
        if (CardGuard.InTarget(context) is { } card)
        {
            await card.WriteAsync(context);
            return;
        }
        try
        {
            await next(context);
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, e, onError);
            return;
        }
        if (context.Response.StatusCode is 404 or 405 && context.Response.ContentLength is null && !context.Response.HasStarted)
            await Unrouted(context).WriteAsync(context);
    }

    private static Task AnswerAsync(HttpContext context, Exception e, Action<string, Exception> onError)
    {
        switch (e)
        {
            case ProblemException p:
                return p.Problem.WriteAsync(context);
            case EngineUnavailableException no:
                return new Problem(StatusCodes.Status503ServiceUnavailable, "unavailable", no.Message, no.RetryAfter).WriteAsync(context);
            case QueryLimitException limit:
                return Search.PopulationAccess.TooMuch(limit).WriteAsync(context);
            case QuarantineWriteException full: // it comes before the log, so nothing of the request was appended
                onError($"{context.Request.Method} {context.Request.Path}", full);
                return new Problem(StatusCodes.Status503ServiceUnavailable, "unavailable", full.Message, RetryAfter).WriteAsync(context);
            case StorageException { IsTransient: true } store:
                return new Problem(StatusCodes.Status503ServiceUnavailable, "unavailable", store.Message, RetryAfter).WriteAsync(context);
            case AuditUnavailableException no:
                return new Problem(StatusCodes.Status503ServiceUnavailable, "audit-unavailable", no.Message, RetryAfter).WriteAsync(context);
            case MetricOverflowException overflow:
                return new Problem(StatusCodes.Status500InternalServerError, "metric-overflow", overflow.Message).WriteAsync(context);
            case BadHttpRequestException bad:
                return new Problem(bad.StatusCode, bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? "too-large" : "bad-request", bad.Message).WriteAsync(context);
            case OperationCanceledException when context.RequestAborted.IsCancellationRequested:
                context.Response.StatusCode = ClientClosedRequest;
                return Task.CompletedTask;
            default:
                onError($"{context.Request.Method} {context.Request.Path}", e);
                return new Problem(StatusCodes.Status500InternalServerError, "internal", "an unexpected error; the log has it").WriteAsync(context);
        }
    }

    private static Problem Unrouted(HttpContext context) => context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed
        ? new Problem(405, "method-not-allowed", $"{context.Request.Path} does not know {context.Request.Method}; Allow says what it knows")
        : new Problem(404, "no-such-route", $"there is nothing at {context.Request.Path}; /openapi/v1.json lists what there is");
}
