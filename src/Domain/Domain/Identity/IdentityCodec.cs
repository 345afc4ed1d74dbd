using System.Buffers;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Log;

namespace Lambda.Domain.Identity;

/// <summary>Identity records as JSON objects. A storage format: names and words are never changed, fields may be added.</summary>
public static class IdentityCodec
{
    public static string Write(IdentityRecord record)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var to = new Utf8JsonWriter(bytes))
        {
            to.WriteStartObject();
            to.WriteString("link", record.Id);
            switch (record)
            {
                case IdentityRecord.Linked(var link):
                    to.WriteString("kind", "linked");
                    to.WriteString("into", link.Into.Utf8);
                    to.WriteString("into_at", link.IntoAt.ToString());
                    to.WriteString("customer", link.Customer.Utf8);
                    to.WriteString("customer_at", link.CustomerAt.ToString());
                    WriteOrigin(to, link.By, link.AtMs, link.Reason);
                    break;
                case IdentityRecord.Unlinked unlinked:
                    to.WriteString("kind", "unlinked");
                    WriteOrigin(to, unlinked.By, unlinked.AtMs, unlinked.Reason);
                    break;
                case IdentityRecord.Forgotten forgotten:
                    to.WriteString("kind", "forgotten");
                    to.WriteNumber("at_ms", forgotten.AtMs);
                    break;
                case IdentityRecord.Blank:
                    to.WriteString("kind", "blank");
                    break;
                default: throw new InvalidOperationException($"unknown record {record}");
            }
            to.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <exception cref="InvalidDataException">Not a record, or of a newer version's kind.</exception>
    public static IdentityRecord Read(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var from = document.RootElement;
            var id = from.GetProperty("link").GetGuid();
            return from.GetProperty("kind").GetString() switch
            {
                "linked" => new IdentityRecord.Linked(new Link(id, CustomerOf(from, "into"), CustomerOf(from, "customer"), Text(from, "by"), from.GetProperty("at_ms").GetInt64(), Text(from, "reason"))
                {
                    IntoAt = PositionOf(from, "into_at"), CustomerAt = PositionOf(from, "customer_at"),
                }),
                "unlinked" => new IdentityRecord.Unlinked(id, Text(from, "by"), from.GetProperty("at_ms").GetInt64(), Text(from, "reason")),
                "forgotten" => new IdentityRecord.Forgotten(id, from.GetProperty("at_ms").GetInt64()),
                "blank" => new IdentityRecord.Blank(id),
                var kind => throw new InvalidDataException($"identity record of kind `{kind}`, which this version does not know"),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"not an identity record: {e.Message}", e);
        }
    }

    private static void WriteOrigin(Utf8JsonWriter to, string by, long atMs, string reason)
    {
        to.WriteString("by", by);
        to.WriteNumber("at_ms", atMs);
        to.WriteString("reason", reason);
    }

    private static string Text(JsonElement from, string name) => from.GetProperty(name).GetString() ?? throw new InvalidDataException($"identity record: {name} is null");

    private static CustomerId CustomerOf(JsonElement from, string name) => CustomerId.From(Text(from, name));

    private static Position PositionOf(JsonElement from, string name) =>
        Position.TryParse(Text(from, name), out var position) ? position : throw new InvalidDataException($"identity record: {name} is no position");
}
