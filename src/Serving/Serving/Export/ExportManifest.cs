using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Export;

/// <summary>What a job tells of itself: over the API, and in `manifest.json` beside its files once it is done.</summary>
internal static class ExportManifest
{
    public const string File = "manifest.json";

    public static string Extension(ExportFormat format) => format.ToString().ToLowerInvariant();

    public static string Of(ExportJob job)
    {
        using var bytes = new MemoryStream();
        using (var to = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true })) Write(to, job, showsWhere: true);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <param name="showsWhere">False: the condition, which may name a person, is left out.</param>
    public static void Write(Utf8JsonWriter to, ExportJob job, bool showsWhere)
    {
        to.WriteStartObject();
        to.WriteString("export", job.Id);
        to.WriteString("state", job.State.ToString().ToLowerInvariant());
        to.WriteString("node", job.Node);
        to.WriteString("by", job.By.Name);
        to.WriteString("place", job.Place);
        to.WriteString("format", Extension(job.Format));
        to.WriteString("definition", job.Definition);
        to.WriteString("where", showsWhere ? job.Where : null);
        JsonMaps.WriteTexts(to, "columns", job.WithSegments ? job.Columns.Append("segments") : job.Columns);
        to.WriteNumber("oldest_epoch", job.OldestEpoch);
        to.WritePropertyName("oldest_as_of");
        if (job.OldestAsOfDay is { } day) JsonValues.WriteDay(to, day);
        else to.WriteNullValue();
        to.WriteNumber("parts_total", job.Bounds is { } bounds ? bounds.Count + 1 : 0);
        to.WriteNumber("rows", job.Parts.Sum(p => p.Rows));
        to.WriteNumber("bytes", job.Parts.Sum(p => p.Bytes));
        WriteTime(to, "created_at", job.CreatedAtMs);
        WriteTime(to, "ended_at", job.EndedAtMs);
        to.WriteString("reason", job.Reason);
        to.WriteStartArray("parts");
        foreach (var part in job.Parts)
        {
            to.WriteStartObject();
            to.WriteString("name", part.Name);
            to.WriteNumber("rows", part.Rows);
            to.WriteNumber("bytes", part.Bytes);
            to.WriteString("sha256", part.Sha256);
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter to, string name, long? ms)
    {
        to.WritePropertyName(name);
        if (ms is { } at) JsonValues.WriteInstant(to, at * Clock.MicrosPerMs);
        else to.WriteNullValue();
    }
}
