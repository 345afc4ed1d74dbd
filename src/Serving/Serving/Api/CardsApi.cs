using Lambda.Domain.Cards;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>What is known of a card, by its token: the one place where the kept digits of its number are shown.</summary>
internal static class CardsApi
{
    public static readonly Operation Get = new("GET", "/v1/cards/{token}", "getCard", "A card by its token", GetAsync)
    {
        Access = Access.For(Roles.Fraud, needsPersonalData: true),
        Audited = Audited.Read,
        Detail = "Whose it is and whether it is active, by the newest `card` event; its first digits (`bin`) and last four, if its number was seen here and its key is still there; its tokens under other keys.",
        Parameters = [new Parameter("token", ParameterPlace.Path, "string", "The card's token.")],
        Replies = [new Reply(200, "The card.", "Card"), Reply.Problem(404, "Nothing is known of this card."), Reply.Problem(503, "It cannot be read now.")],
    };

    private static async Task GetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var token = (string)context.Request.RouteValues["token"]!;
        var cards = state.Parts.Cards ?? throw new ProblemException(new Problem(StatusCodes.Status503ServiceUnavailable, "no-cards", "this host knows no cards"));
        if (cards.Find(token) is not { } card)
        {
            await new Problem(StatusCodes.Status404NotFound, "unknown-card", "nothing is known of a card with this token").WriteAsync(context);
            return;
        }
        if (card.Entry is { } entry) context.AuditCustomers([entry.Customer]);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WriteString("card_token", card.Token);
            to.WriteString("key", CardTokenizer.KeyOf(card.Token));
            if (card.Entry is { } of) to.WriteString("customer_id", of.Customer.Utf8);
            else to.WriteNull("customer_id");
            if (card.Entry is { } e) to.WriteBoolean("is_active", e.IsActive);
            else to.WriteNull("is_active");
            to.WriteString("bin", card.Bin);
            to.WriteString("last_four", card.LastFour);
            to.WriteStartArray("other_tokens");
            foreach (var other in card.OtherTokens) to.WriteStringValue(other);
            to.WriteEndArray();
            to.WriteEndObject();
        });
    }
}
