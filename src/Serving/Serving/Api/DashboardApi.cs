using Lambda.Serving.Http;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>
/// The dashboard's files: a page, its script and style. They hold no data and need no key; what the page shows it asks of the API, with the key its reader gave it.
/// </summary>
internal static class DashboardApi
{
    public static readonly Operation Page = new("GET", "/", "getDashboard", "The dashboard, for people", (context, _) => DashboardFiles.SendAsync(context, "index.html"))
    {
        Access = Access.Open,
        Audited = Audited.No,
        Detail = "It asks the other endpoints with the key that its reader enters; the key stays in the browser's tab. Like its files it is answered 304 to an If-None-Match that names it.",
        Replies = [new Reply(200, "The page.", "Page", "text/html")],
    };

    public static readonly Operation File = new("GET", "/dashboard/{file}", "getDashboardFile", "A file of the dashboard", FileAsync)
    {
        Access = Access.Open,
        Audited = Audited.No,
        Parameters = [new Parameter("file", ParameterPlace.Path, "string", "Its name.")],
        Replies = [new Reply(200, "The file.", "Page", "text/javascript") { AlsoAs = ["text/html", "text/css", "text/markdown", "text/plain", "image/svg+xml"] }, Reply.Problem(404, "There is none of this name.")],
    };

    private static Task FileAsync(HttpContext context, ApiState state) => DashboardFiles.SendAsync(context, (string)context.Request.RouteValues["file"]!);
}
