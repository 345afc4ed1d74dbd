using System.Buffers;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Cards;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;

namespace Lambda.Serving.Authorizations;

/// <summary>What is wrong with a request.</summary>
internal sealed class BadAuthorizationException(string field, string reason, string detail) : Exception(detail)
{
    public string Field { get; } = field;
    public string Reason { get; } = reason;
}

/// <summary>
/// The body of a request, taken apart: what says whose card it is, and everything else as it stands, to be put together again as a transaction event without the card's
/// number.
/// </summary>
internal sealed class AuthorizationBody
{
    private readonly List<(string Name, ReadOnlyMemory<byte> Json)> _rest = [];

    public string TransactionId { get; private set; } = "";
    public string? CustomerId { get; private set; }
    public string? CardNumber { get; private set; }
    public string? CardToken { get; private set; }
    public int? DeadlineMs { get; private set; }

    /// <exception cref="BadAuthorizationException">Not an object, or a field that must not be there.</exception>
    public static AuthorizationBody Read(ReadOnlyMemory<byte> json)
    {
        var body = new AuthorizationBody();
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = EventParser.DefaultMaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw Bad("", Reasons.NotAnObject, $"found {document.RootElement.ValueKind}, expected one object");
            foreach (var property in document.RootElement.EnumerateObject()) body.Take(property);
        }
        catch (JsonException e)
        {
            throw Bad("", Reasons.MalformedJson, $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: not JSON");
        }
        if (body.TransactionId.Length == 0) throw Bad("transaction_id", Reasons.MissingField, "missing or null");
        if (body.CardNumber is null && body.CardToken is null) throw Bad("card_token", Reasons.MissingField, "neither card_number nor card_token is there");
        foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)[("transaction_id", body.TransactionId), ("customer_id", body.CustomerId), ("card_token", body.CardToken)])
            if (value is not null && PanMasker.Contains(Encoding.UTF8.GetBytes(value))) throw Bad(name, Reasons.CardNumber, "holds what looks like a card number");
        return body;
    }

    /// <summary>The transaction event, whose body begins as a decision needs it. Card numbers in any text are masked.</summary>
    public byte[] Event(string customer, string token)
    {
        var to = new ArrayBufferWriter<byte>(512);
        to.Write(AuthorizationRecord.RequestPrefix);
        WriteText(to, "event_id", TransactionId);
        WriteText(to, "customer_id", customer);
        WriteText(to, "card_token", token);
        if (!_rest.Exists(r => r.Name == "direction")) WriteText(to, "direction", "debit");
        for (var i = 0; i < _rest.Count; i++)
        {
            to.Write(JsonSerializer.SerializeToUtf8Bytes(_rest[i].Name, Text.Default.String));
            to.Write(":"u8);
            to.Write(_rest[i].Json.Span);
            to.Write(","u8);
        }
        var written = to.WrittenSpan;
        byte[] json = [.. written[..^1], (byte)'}'];
        return CardText.MaskJson(json);
    }

    private void Take(JsonProperty property)
    {
        var value = property.Value;
        if (value.ValueKind == JsonValueKind.Null) return;
        switch (property.Name)
        {
            case "transaction_id" or "event_id":
                var id = TextOf(property);
                if (TransactionId.Length > 0 && TransactionId != id) throw Bad(property.Name, Reasons.DuplicateKey, "transaction_id and event_id are two names of one thing and disagree");
                TransactionId = id;
                break;
            case "customer_id": CustomerId = TextOf(property); break;
            case "card_number": CardNumber = value.ValueKind == JsonValueKind.Number ? value.GetRawText() : TextOf(property); break;
            case "card_token": CardToken = TextOf(property); break;
            case "deadline_ms":
                DeadlineMs = value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var ms) && ms is >= AuthorizationLimits.DeadlineMsMin and <= AuthorizationLimits.DeadlineMsMax
                    ? ms : throw Bad("deadline_ms", Reasons.OutOfRange, $"expected a whole number, {AuthorizationLimits.DeadlineMsMin}..{AuthorizationLimits.DeadlineMsMax}");
                break;
            case "type" when value.ValueKind == JsonValueKind.String && value.ValueEquals("transaction"u8): break;
            case "type" or "status" or "decision" or "fraud_score" or "authorization":
                throw Bad(property.Name, Reasons.OwnField, "is what the answer says; a request does not have it");
            default:
                _rest.Add((property.Name, Encoding.UTF8.GetBytes(value.GetRawText())));
                break;
        }
    }

    private static string TextOf(JsonProperty property) => property.Value.ValueKind == JsonValueKind.String
        ? property.Value.GetString()! : throw Bad(property.Name, Reasons.WrongType, $"found {property.Value.ValueKind}, expected text");

    private static void WriteText(ArrayBufferWriter<byte> to, string name, string value)
    {
        to.Write("\""u8);
        to.Write(Encoding.UTF8.GetBytes(name));
        to.Write("\":"u8);
        to.Write(JsonSerializer.SerializeToUtf8Bytes(value, Text.Default.String));
        to.Write(","u8);
    }

    private static BadAuthorizationException Bad(string field, string reason, string detail) => new(field, reason, detail);
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class Text : System.Text.Json.Serialization.JsonSerializerContext;
