using System.Text.Json;
using System.Text.Json.Serialization;
using Lambda.Domain.Log;

namespace Lambda.BatchLayer.Runs;

/// <summary>
/// What happened in a batch run, in the order of the journal. Names and fields are a storage format: add, never rename.
/// `published` is the one record that makes an epoch the served one.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(Started), "started")]
[JsonDerivedType(typeof(BarriersAppended), "barriers_appended")]
[JsonDerivedType(typeof(Sunk), "sunk")]
[JsonDerivedType(typeof(PartitionComputed), "partition_computed")]
[JsonDerivedType(typeof(BaseBuilt), "base_built")]
[JsonDerivedType(typeof(Checked), "checked")]
[JsonDerivedType(typeof(Published), "published")]
[JsonDerivedType(typeof(Failed), "failed")]
[JsonDerivedType(typeof(Abandoned), "abandoned")]
public abstract record RunEvent(string Run, long AtMs)
{
    /// <param name="LogEnds">Per partition the end of the log before any barrier of this run: where to look for it after a crash.</param>
    public sealed record Started(string Run, long AtMs, long Epoch, string DefinitionHash, IReadOnlyList<long> LogEnds) : RunEvent(Run, AtMs);

    /// <param name="Cut">Offsets of the barriers that count, read back from the log.</param>
    public sealed record BarriersAppended(string Run, long AtMs, IReadOnlyList<long> Cut, IReadOnlyList<long> CutAppendedAtMs) : RunEvent(Run, AtMs);

    /// <summary>The sink has handed over everything below the cut, and the warehouse holds exactly that.</summary>
    public sealed record Sunk(string Run, long AtMs, long Events) : RunEvent(Run, AtMs);

    public sealed record PartitionComputed(string Run, long AtMs, int Partition, long Customers) : RunEvent(Run, AtMs);

    public sealed record BaseBuilt(string Run, long AtMs, int Partition, Artefact File) : RunEvent(Run, AtMs);

    /// <param name="Compared">Customers compared with base ⊕ closed.</param>
    /// <param name="Explained">Customers whose difference is a repeat past the horizon.</param>
    public sealed record Checked(string Run, long AtMs, long Compared, long Explained, long LateRepeats) : RunEvent(Run, AtMs);

    public sealed record Published(string Run, long AtMs, Publication Publication) : RunEvent(Run, AtMs);

    /// <param name="Reasons">What failed; customers that differ without an explanation are named.</param>
    public sealed record Failed(string Run, long AtMs, IReadOnlyList<string> Reasons) : RunEvent(Run, AtMs);

    public sealed record Abandoned(string Run, long AtMs, string Reason) : RunEvent(Run, AtMs);
}

/// <summary>Serialised by source generation: the journal's format does not depend on reflection settings.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(CutConverter)])]
[JsonSerializable(typeof(RunEvent))]
public sealed partial class RunJson : JsonSerializerContext;

/// <summary>A cut as the array of its offsets.</summary>
public sealed class CutConverter : JsonConverter<Cut>
{
    public override Cut Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var offsets = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) offsets.Add(reader.GetInt64());
        return new Cut(offsets);
    }

    public override void Write(Utf8JsonWriter writer, Cut value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var offset in value.ToArray()) writer.WriteNumberValue(offset);
        writer.WriteEndArray();
    }
}
