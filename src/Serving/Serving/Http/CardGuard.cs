using System.Text;
using Lambda.Domain.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Lambda.Serving.Http;

/// <summary>
/// Card numbers where none belongs: URLs, which stand in logs and audit entries, and bodies that are kept as they come (names, reasons, definitions). Events are not asked here: their parser
/// makes tokens, masks or refuses.
/// </summary>
internal static class CardGuard
{
    /// <summary>Null when the request's target holds none, percent-decoded once or as it came.</summary>
    public static Problem? InTarget(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        return Holds(target) || Holds(Uri.UnescapeDataString(target.Replace('+', ' ')))
            ? new Problem(StatusCodes.Status400BadRequest, "card-number", "the URL holds what looks like a card number: URLs are logged; send its token")
            : null;
    }

    /// <summary>Tags of the request's span that repeat what was sent: path, query, client. None are there unless somebody traces this process.</summary>
    public static void MaskSpan(HttpContext context)
    {
        if (context.Features.Get<IHttpActivityFeature>()?.Activity is not { IsAllDataRequested: true } span) return;
        foreach (var (name, value) in span.TagObjects.ToList())
        {
            if (value is not string text) continue;
            var plain = Uri.UnescapeDataString(text.Replace('+', ' '));
            if (Holds(text) || Holds(plain)) span.SetTag(name, PanMasker.Mask(plain));
        }
    }

    /// <exception cref="ProblemException">400: it holds one.</exception>
    public static void Check(string body)
    {
        if (Holds(body)) throw new ProblemException(new Problem(StatusCodes.Status400BadRequest, "card-number", "the body holds what looks like a card number, expected its token"));
    }

    private static bool Holds(string text) => PanMasker.Contains(Encoding.UTF8.GetBytes(text));
}
