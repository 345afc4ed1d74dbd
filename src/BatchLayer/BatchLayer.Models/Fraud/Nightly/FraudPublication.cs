using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lambda.Domain.Fraud;

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

    /// <summary>More than a year of nights: decisions name their model, and can be replayed while it is there.</summary>
    public const int ModelsKept = 400;

    public static readonly FraudPublication None = new(0, [], [], null);

    /// <summary>Those that were ever champion and those that may become it, the newest first.</summary>
    public IReadOnlyList<FraudModelRef> Models { get; init; } = [];

    /// <summary>Hash of the model that decides; null before the first.</summary>
    public string? Champion { get; init; }

    /// <summary>Hash of the one that scores in shadow.</summary>
    public string? Challenger { get; init; }

    /// <summary>The last epoch whose raw events were trained on, or tried to.</summary>
    public long TrainedEpoch { get; init; }

    /// <summary>Why that gave no model, so that those before stay; null when it gave one.</summary>
    public string? Failure { get; init; }

    public FraudDrift? Drift { get; init; }

    public static FraudPublication Of(string? fact) => fact is null ? None : JsonSerializer.Deserialize(fact, FraudJson.Default.FraudPublication)!;

    public string Text() => JsonSerializer.Serialize(this, FraudJson.Default.FraudPublication);

    public FraudModelRef? Model(string? hash) => Models.FirstOrDefault(m => m.Hash == hash);

    /// <summary>Names of all that is still asked for.</summary>
    public IReadOnlyCollection<string> Artefacts() => [.. Tables.Select(t => t.Name), .. Models.Select(m => m.Name)];

    /// <summary>With another champion; the one before stays where it can be gone back to.</summary>
    public FraudPublication Promoted(string hash, string by) => this with
    {
        Champion = hash, Challenger = Challenger == hash ? null : Challenger, Drift = null,
        Models = [.. Models.Select(m => m.Hash == hash ? m with { PromotedEpoch = Epoch, PromotedBy = by } : m)],
    };

    /// <summary>With a new model in shadow. One that was in shadow and never decided is forgotten.</summary>
    public FraudPublication Challenged(FraudModelRef model) => this with
    {
        Challenger = model.Hash, Models = [model, .. Models.Where(m => m.Hash != model.Hash && (m.PromotedEpoch is not null || m.Hash == Champion)).Take(ModelsKept - 1)],
    };
}

/// <param name="Hash">SHA-256 of the file, lower hex.</param>
/// <param name="Visits">Transactions that it was made from.</param>
public sealed record AcceptorTableRef(long Epoch, string Hash, int Acceptors, long Visits)
{
    internal const int DigitsInNames = 16;

    [JsonIgnore]
    public string Name => $"fraud_acceptors_e{Epoch}_{Hash[..DigitsInNames]}";
}

/// <param name="Hash">SHA-256 of the model: what decisions name it by.</param>
/// <param name="TrainedFrom">First UTC day, since 1970.</param>
/// <param name="Cut">The day behind the last one.</param>
/// <param name="Tested">On days that it never saw, when it was trained.</param>
public sealed record FraudModelRef(string Hash, long Epoch, int TrainedFrom, int Cut, int LabelDelayDays, int Rows, int Frauds, Quality Tested)
{
    /// <summary>Since when it decides or did; null: never.</summary>
    public long? PromotedEpoch { get; init; }

    /// <summary>`first`, `rule` or `hand`.</summary>
    public string? PromotedBy { get; init; }

    /// <summary>On the newest days whose labels are known, when it was looked at last.</summary>
    public Quality? Judged { get; init; }

    [JsonIgnore]
    public string Name => $"fraud_model_{Hash[..AcceptorTableRef.DigitsInNames]}";

    public static FraudModelRef Of(FraudModel model, string hash) => new(hash, model.Epoch, model.TrainedFromDay, model.CutDay, model.LabelDelayDays, model.Rows, model.Frauds,
        new Quality(model.Metrics["auc"], model.Metrics["average_precision"], model.Metrics["card_precision_100"]));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Hash[..AcceptorTableRef.DigitsInNames]} of epoch {Epoch}");
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
