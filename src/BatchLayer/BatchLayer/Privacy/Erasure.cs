using System.Text.Json.Serialization;

namespace Lambda.BatchLayer.Privacy;

/// <summary>States of an erasure in their order. Names are a storage format.</summary>
public enum ErasureState
{
    /// <summary>Noted; its record may or may not be in the log.</summary>
    Requested,

    /// <summary>Its record is durable: everybody who answers honours it.</summary>
    Hidden,

    /// <summary>The data is being taken out of the stores.</summary>
    Removing,

    /// <summary>Nothing is left: this is the certificate.</summary>
    Removed,

    /// <summary>Its record never became durable; who asked was told of an error.</summary>
    Lost,
}

/// <summary>
/// One erasure and how far it came; when it is <see cref="ErasureState.Removed"/>, the certificate. It names the person by the keyed pseudonym only, so it is kept
/// for ever. A storage format (JSON by these names): add, never rename.
/// </summary>
/// <param name="LogEnd">End of the partition's log before the record was appended: where to look for it after a crash.</param>
/// <param name="Offset">Of the record; -1 until it is known.</param>
/// <param name="Waits">Why the next step does not go on; null when it does.</param>
public sealed record Erasure(
    Guid Request, string Pseudonym, int Partition, long LogEnd, long RequestedAtMs, long Offset = -1, long AppendedAtMs = 0, ErasureState State = ErasureState.Requested,
    string? Waits = null, long? DueAtMs = null, long? RemovedAtMs = null)
{
    public IReadOnlyList<ErasureStep> Steps { get; init; } = [];

    [JsonIgnore]
    public bool IsOpen => State is not (ErasureState.Removed or ErasureState.Lost);

    /// <summary>A pass of the next store: <paramref name="removal"/> is what came of it.</summary>
    public Erasure With(string store, Removal removal, long atMs)
    {
        var before = Steps is [.., { AtMs: null } last] && last.Store == store ? last : new ErasureStep(store, 0, null, "");
        var steps = before.Removed == 0 && !Steps.Contains(before) ? Steps.ToList() : [.. Steps.SkipLast(1)];
        steps.Add(before with { Removed = before.Removed + removal.Removed, AtMs = removal.Waits is null ? atMs : null, Note = removal.Note });
        return this with { State = ErasureState.Removing, Steps = steps, Waits = removal.Waits, DueAtMs = removal.DueAtMs };
    }
}

/// <param name="Removed">Things taken out: rows, lines, records; those of a pass that a crash cut short may be missing.</param>
/// <param name="AtMs">When the store was found free of the person; null while it is not.</param>
public sealed record ErasureStep(string Store, long Removed, long? AtMs, string Note);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Erasure))]
internal sealed partial class ErasureJson : JsonSerializerContext;
