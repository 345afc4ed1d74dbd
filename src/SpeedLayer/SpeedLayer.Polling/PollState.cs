using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lambda.SpeedLayer.Polling;

/// <summary>Where polling stands, kept by Lambda. Written after the events are in the log: a crash in between brings pages again, and their event ids are known.</summary>
public interface ISourceCursors
{
    /// <summary>Null when the source was never polled.</summary>
    string? Kept(string source);

    /// <summary>Durable when it returns; null forgets.</summary>
    void Keep(string source, string? state);
}

/// <summary>What is kept of a source. A storage format: names stay, fields are only added.</summary>
/// <param name="Since">The newest change of all walks that came to their end.</param>
/// <param name="NewFields">Undescribed fields that were told of.</param>
internal sealed record PollState(
    [property: JsonPropertyName("since")] string? Since, [property: JsonPropertyName("walk")] Walk? Walk, [property: JsonPropertyName("new_fields")] IReadOnlyList<string> NewFields)
{
    public static PollState Read(string? kept) => kept is null ? new PollState(null, null, []) : JsonSerializer.Deserialize(kept, PollJson.Default.PollState)!;

    public string Write() => JsonSerializer.Serialize(this, PollJson.Default.PollState);
}

/// <summary>Pages of one question, from the first to the last; goes on where it stood, also over polls and restarts.</summary>
/// <param name="Asked">The since-value it asks with; fixed, or the pages would not belong together.</param>
/// <param name="Page">Address, number or cursor of the page to read next; null: the first.</param>
/// <param name="Pages">Pages read.</param>
/// <param name="High">The newest change it has seen.</param>
/// <param name="BeganMs">Unix ms.</param>
internal sealed record Walk(
    [property: JsonPropertyName("asked")] string? Asked, [property: JsonPropertyName("page")] string? Page, [property: JsonPropertyName("pages")] int Pages,
    [property: JsonPropertyName("high")] string? High, [property: JsonPropertyName("began_ms")] long BeganMs, [property: JsonPropertyName("of")] string Fingerprint);

[JsonSerializable(typeof(PollState))]
internal sealed partial class PollJson : JsonSerializerContext;
