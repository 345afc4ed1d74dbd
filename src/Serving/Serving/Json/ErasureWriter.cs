using System.Text.Json;
using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;
using Lambda.Domain.Log;

namespace Lambda.Serving.Json;

/// <summary>An erasure as the API shows it; one that is removed is the certificate.</summary>
internal static class ErasureWriter
{
    /// <summary>Into an object that is open.</summary>
    public static void Write(Utf8JsonWriter to, Erasure erasure)
    {
        to.WriteString("erasure", erasure.Request);
        to.WriteString("customer", erasure.Pseudonym);
        to.WriteString("state", erasure.State.ToString().ToLowerInvariant());
        to.WriteString("position", erasure.Offset < 0 ? null : new Position(erasure.Partition, erasure.Offset).ToString());
        Instant(to, "requested_at", erasure.RequestedAtMs);
        Instant(to, "removed_at", erasure.RemovedAtMs);
        to.WriteString("waits", erasure.Waits);
        Instant(to, "due_at", erasure.DueAtMs);
        to.WriteStartArray("stores");
        foreach (var step in erasure.Steps)
        {
            to.WriteStartObject();
            to.WriteString("store", step.Store);
            to.WriteNumber("removed", step.Removed);
            Instant(to, "clean_at", step.AtMs);
            to.WriteString("note", step.Note);
            to.WriteEndObject();
        }
        to.WriteEndArray();
    }

    private static void Instant(Utf8JsonWriter to, string name, long? atMs)
    {
        to.WritePropertyName(name);
        if (atMs is { } ms) JsonValues.WriteInstant(to, ms * Clock.MicrosPerMs);
        else to.WriteNullValue();
    }
}
