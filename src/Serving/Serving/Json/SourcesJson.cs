using System.Text.Json;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Json;

internal static class SourcesJson
{
    public static void Write(Utf8JsonWriter to, IReadOnlyList<SourceStatus> sources) => OperationsJson.List(to, "sources", sources, Write);

    private static void Write(Utf8JsonWriter to, SourceStatus source)
    {
        to.WriteString("source", source.Source);
        to.WriteString("state", source.State);
        to.WriteString("reason", source.Reason);
        to.WriteString("node", source.Node);
        to.WriteString("since", source.Since);
        if (source.WalkedAtMs is { } at) to.WriteString("walked_at", DateTimeOffset.FromUnixTimeMilliseconds(at).UtcDateTime);
        else to.WriteNull("walked_at");
        to.WriteNumber("pages", source.Pages);
        to.WriteNumber("accepted", source.Accepted);
        to.WriteNumber("refused", source.Refused);
        to.WriteNumber("drifted", source.Drifted);
        to.WriteStartArray("new_fields");
        foreach (var field in source.NewFields) to.WriteStringValue(field);
        to.WriteEndArray();
    }
}
