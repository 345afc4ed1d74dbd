using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lambda.SpeedLayer.Worker;

/// <summary>What a worker keeps in its checkpoint besides entities. A storage format (JSON by these names).</summary>
/// <param name="RememberOnlyBelow">A rebuild may be checkpointed before it has reached the cut: its records up to here are in the base.</param>
/// <param name="Memories">Which version of fraud memories all its entities have; 0 in a checkpoint from before there were any, or in one that is still being filled.</param>
public sealed record WorkerHeader(
    long Published, long Current, string ActiveDefinition, string? NextDefinition, long LastAppendedAtMs, WorkerCounters Counters, long RememberOnlyBelow, int Memories = 0)
{
    /// <summary>What is written now. Checkpoints of another one are not gone on with: the partition is rebuilt.</summary>
    public const int MemoriesNow = 1;

    public ReadOnlyMemory<byte> Encode() => JsonSerializer.SerializeToUtf8Bytes(this, WorkerJson.Default.WorkerHeader);

    /// <exception cref="InvalidDataException">Not a worker header.</exception>
    public static WorkerHeader Decode(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, WorkerJson.Default.WorkerHeader) ?? throw new InvalidDataException("worker header is null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"worker header is not JSON: {e.Message}", e);
        }
    }
}

/// <summary>Counted over the partition's life, exactly: they are checkpointed with the states they describe.</summary>
/// <param name="Events">Distinct events folded.</param>
/// <param name="Repeats">Copies within the horizon, not folded.</param>
/// <param name="Conflicts">Copies within the horizon with another body, not folded, quarantined.</param>
/// <param name="IgnoredBarriers">Barriers whose epoch was not current + 1.</param>
/// <param name="Erasures">Erasures of customers.</param>
public readonly record struct WorkerCounters(long Events, long Repeats, long Conflicts, long IgnoredBarriers, long Erasures = 0)
{
    public WorkerCounters Plus(Sighting sighting) => sighting switch
    {
        Sighting.First => this with { Events = Events + 1 },
        Sighting.Repeat => this with { Repeats = Repeats + 1 },
        Sighting.Conflict => this with { Conflicts = Conflicts + 1 },
        _ => throw new ArgumentOutOfRangeException(nameof(sighting), sighting, null),
    };

    public WorkerCounters PlusErasure() => this with { Erasures = Erasures + 1 };

    public WorkerCounters Plus(WorkerCounters more) =>
        new(Events + more.Events, Repeats + more.Repeats, Conflicts + more.Conflicts, IgnoredBarriers + more.IgnoredBarriers, Erasures + more.Erasures);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(WorkerHeader))]
internal sealed partial class WorkerJson : JsonSerializerContext;
