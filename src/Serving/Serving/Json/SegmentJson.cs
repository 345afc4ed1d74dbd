using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Ports;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Json;

/// <summary>Changes of membership, in the feed and to webhooks alike.</summary>
public static class SegmentJson
{
    public const string Entered = "entered", Left = "left";

    /// <param name="purpose">For which it is told; null for none.</param>
    public static void Write(Utf8JsonWriter to, NumberedChange numbered, string? purpose)
    {
        var change = numbered.Change;
        to.WriteStartObject();
        to.WriteString("id", change.Id);
        to.WriteNumber("number", numbered.Number);
        to.WriteString("customer_id", change.Customer.Utf8);
        to.WriteString("segment", change.Segment);
        to.WriteString("change", change.Entered ? Entered : Left);
        WriteOrigin(to, change);
        if (purpose is not null) to.WriteString("purpose", purpose);
        to.WriteEndObject();
    }

    /// <summary>Why and when it was so.</summary>
    internal static void WriteOrigin(Utf8JsonWriter to, SegmentChange change)
    {
        to.WriteString("cause", CauseOf(change.Cause));
        to.WriteString("definition", change.Definition);
        to.WriteString("position", change.At.ToString());
        to.WritePropertyName("as_of");
        JsonValues.WriteDay(to, change.Day);
        to.WritePropertyName("at");
        JsonValues.WriteInstant(to, change.AtMs * Clock.MicrosPerMs);
    }

    /// <param name="counts">Null: nothing waits.</param>
    internal static void Write(Utf8JsonWriter to, Webhook webhook, OutboxCounts? counts, string? secret = null)
    {
        to.WriteStartObject();
        to.WriteString("webhook", webhook.Id);
        to.WriteString("url", webhook.Url);
        to.WriteString("topic", WebhookTopics.NameOf(webhook.Topic));
        JsonMaps.WriteTexts(to, "segments", webhook.Segments);
        to.WriteString("purpose", webhook.Purpose);
        to.WriteBoolean("enabled", webhook.Enabled);
        to.WriteString("created_by", webhook.CreatedBy);
        to.WritePropertyName("created_at");
        JsonValues.WriteInstant(to, webhook.CreatedAtMs * Clock.MicrosPerMs);
        to.WritePropertyName("previous_secret_until");
        if (webhook.Previous is var (_, untilMs)) JsonValues.WriteInstant(to, untilMs * Clock.MicrosPerMs);
        else to.WriteNullValue();
        to.WriteNumber("pending", counts?.Pending ?? 0);
        to.WriteNumber("dead", counts?.Dead ?? 0);
        to.WritePropertyName("oldest_pending_at");
        if (counts?.OldestAtMs is { } oldest) JsonValues.WriteInstant(to, oldest * Clock.MicrosPerMs);
        else to.WriteNullValue();
        to.WriteString("error", counts?.Error);
        if (secret is not null) to.WriteString("secret", secret);
        to.WriteEndObject();
    }

    private static string CauseOf(ChangeCause cause) => cause switch
    {
        ChangeCause.Event => "event",
        ChangeCause.Day => "day",
        ChangeCause.Consent => "consent",
        ChangeCause.Definition => "definition",
        ChangeCause.Merge => "merge",
        ChangeCause.Unmerge => "unmerge",
        _ => throw new InvalidOperationException($"cause {cause}"),
    };
}
