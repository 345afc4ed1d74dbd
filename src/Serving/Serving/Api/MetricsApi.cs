using Lambda.Serving.Http;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>What monitoring scrapes.</summary>
internal static class MetricsApi
{
    public static readonly Operation Get = new("GET", "/metrics", "getMetrics", "Metrics in Prometheus' text format", GetAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The metrics of this node.", "MetricsText", "text/plain"), Reply.Problem(404, "This host exports none.")],
    };

    private static Task GetAsync(HttpContext context, ApiState state) => state.Parts.Metrics is { } export
        ? export(context)
        : new Problem(StatusCodes.Status404NotFound, "no-metrics", "this host exports no metrics").WriteAsync(context);
}
