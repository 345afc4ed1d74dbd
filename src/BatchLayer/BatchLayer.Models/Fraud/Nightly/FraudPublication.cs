using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lambda.BatchLayer.Models.Fraud.Nightly;

/// <summary>
/// What decisions are scored with from an epoch on: one fact of the installation, changed as a whole. Every node follows it. A storage format: names are added, never renamed.
/// </summary>
/// <param name="Epoch">Of the newest acceptor table; 0 before the first.</param>
/// <param name="Cut">Below which its transactions lie, by partition.</param>
/// <param name="Tables">The newest first; <see cref="TablesKept"/> at most: decisions that are checked next name one of them.</param>
/// <param name="Check">Whether what decisions had seen could be recomputed; null before the first table.</param>
public sealed record FraudPublication(long Epoch, IReadOnlyList<long> Cut, IReadOnlyList<AcceptorTableRef> Tables, DecisionCheck? Check)
{
    public const int TablesKept = 3;

    public static readonly FraudPublication None = new(0, [], [], null);

    public static FraudPublication Of(string? fact) => fact is null ? None : JsonSerializer.Deserialize(fact, FraudJson.Default.FraudPublication)!;

    public string Text() => JsonSerializer.Serialize(this, FraudJson.Default.FraudPublication);

    /// <summary>Names of all that is still asked for.</summary>
    public IReadOnlyCollection<string> Artefacts() => [.. Tables.Select(t => t.Name)];
}

/// <param name="Hash">SHA-256 of the file, lower hex.</param>
/// <param name="Visits">Transactions that it was made from.</param>
public sealed record AcceptorTableRef(long Epoch, string Hash, int Acceptors, long Visits)
{
    private const int DigitsInNames = 16;

    [JsonIgnore]
    public string Name => $"fraud_acceptors_e{Epoch}_{Hash[..DigitsInNames]}";
}

/// <summary>Decisions between two tables, recomputed from raw events.</summary>
/// <param name="Mismatches">Of those whose table is still there, how many had seen something else.</param>
/// <param name="WithoutTable">Could not be recomputed: the table they name is gone.</param>
/// <param name="First">Positions `p:o` of the first mismatches.</param>
public sealed record DecisionCheck(long Epoch, long Decisions, long Mismatches, long WithoutTable, IReadOnlyList<string> First)
{
    public const int FirstMax = 10;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FraudPublication))]
internal sealed partial class FraudJson : JsonSerializerContext;
