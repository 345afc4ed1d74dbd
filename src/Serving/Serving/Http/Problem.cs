using System.Globalization;
using System.Text.Json;
using Lambda.Domain.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Lambda.Serving.Http;

/// <summary>An error as RFC 9457 has it. <paramref name="Code"/> is the machine-readable tail of `type`; details name the place, the value and what was expected.</summary>
internal sealed record Problem(int Status, string Code, string Detail, TimeSpan? RetryAfter = null, Action<Utf8JsonWriter>? Extensions = null)
{
    public const string TypePrefix = "urn:lambda:problem:";

    public static Problem BadParameter(string name, string? value, string expected) =>
        new(StatusCodes.Status400BadRequest, "bad-parameter", $"{name}: found `{Shorten(value)}`, expected {expected}", Extensions: to => to.WriteString("parameter", name));

    public Task WriteAsync(HttpContext context)
    {
        if (RetryAfter is { } after)
            context.Response.Headers.RetryAfter = ((long)Math.Max(1, Math.Ceiling(after.TotalSeconds))).ToString(CultureInfo.InvariantCulture);
        return JsonResponse.WriteAsync(context, Status, JsonResponse.ProblemJson, (Problem: this, Path: context.Request.Path.Value), static (to, s) => s.Problem.Write(to, s.Path));
    }

    private void Write(Utf8JsonWriter to, string? path)
    {
        to.WriteStartObject();
        to.WriteString("type", TypePrefix + Code);
        to.WriteString("title", ReasonPhrases.GetReasonPhrase(Status));
        to.WriteNumber("status", Status);
        to.WriteString("detail", PanMasker.Mask(Detail)); // errors repeat what was sent
        to.WriteString("instance", path is null ? null : PanMasker.Mask(path));
        Extensions?.Invoke(to);
        to.WriteEndObject();
    }

    private static string Shorten(string? value) => value is null ? "" : value.Length <= 100 ? value : string.Concat(value.AsSpan(0, 100), "…");
}

/// <summary>Thrown by request readers, turned into its answer in one place.</summary>
internal sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
