using System.Text.Json.Nodes;
using Lambda.Domain.Events;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Events as the catalogue has them, one schema a type.</summary>
internal static class EventSchemas
{
    private const int IdBytesMax = 128;

    public static IEnumerable<(string Name, JsonNode Schema)> All()
    {
        var mapping = new JsonObject();
        foreach (var type in EventCatalog.Types) mapping[type.Name] = $"#/components/schemas/{Name(type)}";
        yield return ("Event", new JsonObject
        {
            ["oneOf"] = new JsonArray([.. EventCatalog.Types.Select(t => (JsonNode)Ref(Name(t)))]),
            ["discriminator"] = new JsonObject { ["propertyName"] = "type", ["mapping"] = mapping },
        });
        foreach (var type in EventCatalog.Types) yield return (Name(type), Of(type));
    }

    private static string Name(EventType type) => "Event_" + type.Name;

    private static JsonObject Of(EventType type)
    {
        var schema = Open(
            ("event_id", Doc(Bounded(IdBytesMax), "Unique per customer: a repeat is counted once.")),
            ("customer_id", Bounded(IdBytesMax)),
            ("type", new JsonObject { ["const"] = type.Name }),
            ("occurred_at", Doc(Instant, "When it happened; RFC 3339. At most 24 h ahead of the clock.")));
        var (properties, required) = (schema["properties"]!.AsObject(), schema["required"]!.AsArray());
        foreach (var use in type.Fields)
        {
            properties[use.Field.Name] = Of(use.Field);
            if (use.Required && !IsFilledIn(use.Field)) required.Add(use.Field.Name);
        }
        if (type.Fields.Any(f => f.Field == EventCatalog.AmountMinor)) AddAmount(schema);
        return Doc(schema, type.Doc + " Unknown fields are kept.");
    }

    /// <summary>Present on every accepted event, but the sender may leave it out: it follows from others.</summary>
    private static bool IsFilledIn(Field field) =>
        field == EventCatalog.AmountMinor || field == EventCatalog.BillingAmountMinor || field == EventCatalog.BillingCurrency;

    private static void AddAmount(JsonObject schema)
    {
        schema["properties"]!["amount"] = new JsonObject
        {
            ["type"] = new JsonArray("string", "number"),
            ["description"] = "Amount in units of `currency`, read exactly; more decimals than the currency has are refused. Instead of amount_minor.",
        };
        schema["properties"]!["billing_amount"] = new JsonObject
        {
            ["type"] = new JsonArray("string", "number"),
            ["description"] = "The same in the account's currency, instead of billing_amount_minor. Neither is needed when the currencies are equal.",
        };
        schema["anyOf"] = new JsonArray(
            new JsonObject { ["required"] = new JsonArray("amount") }, new JsonObject { ["required"] = new JsonArray("amount_minor") });
    }

    private static JsonObject Of(Field field)
    {
        var schema = field.Type switch
        {
            ScalarType.Text when field.Closed => OneOf(field.Vocabulary!),
            ScalarType.Text => Bounded((int)(field.Max ?? 0)),
            ScalarType.Bool => Bool,
            ScalarType.Day => Day,
            ScalarType.Instant => Instant,
            ScalarType.Int64 => Ranged(Integer, field, scale: 1),
            ScalarType.Decimal => Ranged(new JsonObject { ["type"] = "number" }, field, scale: 1_000_000),
            _ => throw new InvalidOperationException($"field type {field.Type}"),
        };
        if (field is { Vocabulary: { } known, Closed: false }) schema["examples"] = new JsonArray([.. known.Select(v => (JsonNode)v)]);
        if (field.Pii) schema["x-pii"] = true;
        return Doc(schema, field.Doc);
    }

    private static JsonObject Bounded(int bytesMax) => new() { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = bytesMax };

    private static JsonObject Ranged(JsonObject schema, Field field, int scale)
    {
        if (field.Min is { } min) schema["minimum"] = (long)(min / scale);
        if (field.Max is { } max) schema["maximum"] = (long)(max / scale);
        return schema;
    }
}
