using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Serving.Api;
using Lambda.Serving.Cases;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Json;

/// <summary>Cases, in answers and in the stream alike.</summary>
public static class CaseJson
{
    public static void Write(Utf8JsonWriter to, FraudCase it)
    {
        to.WriteStartObject();
        WriteProperties(to, it, JudgementOf(it));
        to.WriteEndObject();
    }

    /// <param name="showsTexts">Else what people wrote is left out: it may name anybody.</param>
    public static void Write(Utf8JsonWriter to, FraudCase it, IReadOnlyList<CaseEntry> entries, bool showsTexts)
    {
        var judgement = JudgementOf(it);
        to.WriteStartObject();
        WriteProperties(to, it, judgement);
        if (judgement is null) to.WriteNull("judgement"u8);
        else
        {
            to.WriteStartObject("judgement"u8);
            AuthorizationsApi.Write(to, judgement);
            to.WriteEndObject();
        }
        to.WriteStartArray("history"u8);
        foreach (var entry in entries)
        {
            to.WriteStartObject();
            to.WritePropertyName("at"u8);
            JsonValues.WriteInstant(to, entry.AtMs * Clock.MicrosPerMs);
            to.WriteString("by"u8, entry.By);
            to.WriteString("what"u8, entry.What);
            to.WriteString("text"u8, showsTexts ? entry.Text : null);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteEndObject();
    }

    private static void WriteProperties(Utf8JsonWriter to, FraudCase it, Judgement? judgement)
    {
        to.WriteNumber("case"u8, it.Number);
        to.WriteString("customer_id"u8, it.Alert.Customer.Utf8);
        to.WriteString("transaction_id"u8, it.Alert.Transaction);
        to.WritePropertyName("occurred_at"u8);
        JsonValues.WriteInstant(to, it.Alert.OccurredAtMicros);
        to.WriteNumber("amount_minor"u8, it.Alert.AmountMinor);
        to.WriteString("currency"u8, it.Alert.Currency);
        to.WriteString("decision"u8, DecisionNames.Of(it.Alert.Decision));
        if ((it.Alert.Score ?? judgement?.Score) is { } score) to.WriteNumber("score"u8, score);
        else to.WriteNull("score"u8);
        AuthorizationJson.WriteReasons(to, judgement?.Reasons ?? []);
        to.WriteStartArray("fired"u8);
        foreach (var rule in judgement?.Fired ?? []) to.WriteStringValue(rule);
        to.WriteEndArray();
        to.WriteString("model"u8, judgement?.Model);
        to.WriteString("position"u8, it.Alert.At.ToString());
        to.WritePropertyName("alerted_at"u8);
        JsonValues.WriteInstant(to, it.AlertedAtMs * Clock.MicrosPerMs);
        to.WriteString("state"u8, CaseDesk.NameOf(it.State));
        to.WriteString("assignee"u8, it.Assignee.Length == 0 ? null : it.Assignee);
        to.WriteNumber("version"u8, it.Version);
        to.WritePropertyName("changed_at"u8);
        JsonValues.WriteInstant(to, it.ChangedAtMs * Clock.MicrosPerMs);
    }

    /// <summary>Null where the record has none, or one that this version cannot read: the case can be worked on all the same.</summary>
    private static Judgement? JudgementOf(FraudCase it)
    {
        if (it.Alert.Judgement.Length == 0) return null;
        try
        {
            return AuthorizationJson.Read(Encoding.UTF8.GetBytes($"{{\"authorization\":{it.Alert.Judgement}}}"));
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
