using System.Text.Json;
using Lambda.Serving.Audit;

namespace Lambda.Serving.Json;

/// <summary>Entries and verdicts of the audit log, in answers and for the command line.</summary>
public static class AuditJson
{
    /// <summary>Into an object that is open.</summary>
    public static void Write(Utf8JsonWriter to, AuditEntry entry)
    {
        to.WriteNumber("number", entry.Number);
        to.WritePropertyName("at");
        JsonValues.WriteInstant(to, entry.AtMicros);
        to.WriteString("key", entry.What.KeyId);
        to.WriteString("caller", entry.What.Caller);
        to.WriteString("operation", entry.What.Operation);
        to.WriteString("subject", entry.What.Subject);
        to.WriteNumber("status", entry.What.Status);
        to.WriteBoolean("pii", entry.What.PersonalData);
        to.WriteString("detail", entry.What.Detail);
        to.WriteString("from", entry.What.From);
    }

    /// <summary>Into an object that is open.</summary>
    public static void Write(Utf8JsonWriter to, AuditVerdict verdict)
    {
        to.WriteString("chain", verdict.Chain);
        to.WriteBoolean("holds", verdict.Fault is null);
        to.WriteNumber("entries", verdict.Entries);
        to.WriteNumber("keyed", verdict.Keyed);
        to.WriteString("anchor", verdict.Head?.ToString());
        to.WritePropertyName("bad_entry");
        if (verdict.BadEntry is { } bad) to.WriteNumberValue(bad);
        else to.WriteNullValue();
        to.WriteString("fault", verdict.Fault);
    }
}
