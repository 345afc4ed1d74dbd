using System.Text.Json.Serialization;

namespace Lambda.Cluster.Bench;

/// <summary>Which way a figure gets better.</summary>
public enum Better { Higher, Lower }

/// <summary>One figure of a bench, as `--json` writes it. Field names are fixed: scripts read them.</summary>
/// <param name="Value">In <paramref name="Unit"/>; the median where a round is short.</param>
/// <param name="Goal">What we want to reach; null for figures that only explain others.</param>
/// <param name="Limit">What could be reached at best, measured in the same run; null where there is no such thing.</param>
/// <param name="Verified">The result behind the figure was checked and is right. Never true without a check that could have failed.</param>
/// <param name="Note">What the limit is, and what limits the figure.</param>
public sealed record BenchRow(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("value")] double Value,
    [property: JsonPropertyName("unit")] string Unit,
    [property: JsonPropertyName("goal")] double? Goal,
    [property: JsonPropertyName("limit")] double? Limit,
    [property: JsonPropertyName("verified")] bool Verified,
    [property: JsonPropertyName("better")] Better Better = Better.Higher,
    [property: JsonPropertyName("note")] string Note = "")
{
    /// <summary>Value ÷ limit.</summary>
    [JsonPropertyName("ratio")]
    public double? Ratio => Limit is { } limit && limit != 0 ? Value / limit : null;

    /// <summary>Null without a goal.</summary>
    [JsonIgnore]
    public bool? Reached => Goal is not { } goal ? null : Better == Better.Higher ? Value >= goal : Value <= goal;
}
