using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lambda.Cluster.Cli;
using Spectre.Console;

namespace Lambda.Cluster.Bench;

/// <summary>Figures as a table for people and as one JSON object for programs.</summary>
internal sealed record BenchReport(Machine Machine, double Scale, IReadOnlyList<BenchRow> Rows)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public bool IsVerified => Rows.All(r => r.Verified);

    public void Print()
    {
        var table = Output.Table("bench", "value", "unit", "goal", "limit", "value ÷ limit", "verified", "");
        foreach (var row in Rows)
            table.AddRow(new Text(row.Name), new Text(Number(row.Value)), new Text(row.Unit), Goal(row), new Text(Number(row.Limit)),
                new Text(Number(row.Ratio)), new Text(row.Verified ? "yes" : "NO"), new Text(row.Note));
        Output.Console.Write(table);
        Output.Line(Scale == 1 ? $"on {Machine}" : string.Create(CultureInfo.InvariantCulture, $"at scale {Scale:0.####}, so the goals say little; on {Machine}"));
    }

    public void WriteJson(string file) => File.WriteAllText(file, JsonSerializer.Serialize(this, Format) + "\n");

    private static Text Goal(BenchRow row) => row.Goal is not { } goal
        ? new Text("")
        : new Text($"{(row.Better == Better.Higher ? "≥" : "≤")} {Number(goal)} {(row.Reached == true ? "ok" : "missed")}");

    /// <summary>Three digits are what a benchmark knows.</summary>
    private static string Number(double? value) => value switch
    {
        null => "",
        >= 10_000 or <= -10_000 => value.Value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 100 => value.Value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.Value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0.###", CultureInfo.InvariantCulture),
    };
}
