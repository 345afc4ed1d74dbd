using System.Globalization;
using System.Text.Json;
using Lambda.Cluster.Cli;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Lambda.Cluster.Demo;

/// <summary>One answer as a card for people. Knows the names of the view that comes with Lambda; what a definition leaves out is left out.</summary>
internal static class CustomerCard
{
    private static readonly (string Title, string[] Names)[] Sections =
    [
        ("Who", ["full_name", "tier", "city", "country", "customer_since", "age", "credit_score"]),
        ("Money", ["spend_30d", "spend_90d", "spend", "purchases_30d", "avg_ticket", "largest_purchase_30d", "income_90d", "refunded", "declines_30d"]),
        ("Habits", ["favourite_category", "preferred_channel", "last_merchant", "last_purchase_at", "logins_30d", "login_failures_7d", "app_sessions_30d", "devices", "points_balance"]),
        ("Standing", ["last_seen_at", "days_inactive", "active_days_30d", "churn_risk"]),
    ];

    /// <summary>How much of the card an answer would fill: for choosing whom to show.</summary>
    public static int Fullness(JsonElement answer) => Sections.Sum(s => s.Names.Count(n => Find(answer, n) is not null)) + 3 * answer.GetProperty("segments").GetArrayLength();

    public static IRenderable Of(JsonElement answer)
    {
        var grid = new Grid().AddColumn().AddColumn();
        foreach (var (title, names) in Sections)
        {
            grid.AddRow(new Markup($"[bold]{title}[/]"), Text.Empty);
            foreach (var name in names)
                if (Find(answer, name) is { } value) grid.AddRow(new Text("  " + name.Replace('_', ' ')), new Text(Show(name, value)));
        }
        var chart = Chart(answer);
        var segments = string.Join(", ", answer.GetProperty("segments").EnumerateArray().Select(s => s.GetString()));
        var meta = answer.GetProperty("meta");
        var foot = new Text($"segments: {(segments.Length == 0 ? "none" : segments)}\nepoch {meta.GetProperty("epoch")}, position {meta.GetProperty("position")}, as of {meta.GetProperty("as_of")}, {meta.GetProperty("source")}");
        return new Panel(chart is null ? new Rows(grid, foot) : new Rows(grid, new Markup("[bold]Spend by category, 30 days[/]"), chart, foot))
            .Header($" {Markup.Escape(answer.GetProperty("customer_id").GetString()!)} ").Border(BoxBorder.Rounded);
    }

    private static BreakdownChart? Chart(JsonElement answer)
    {
        if (!answer.GetProperty("metrics").TryGetProperty("spend_by_category_30d", out var spend) || !spend.EnumerateObject().Any()) return null;
        Color[] colors = [Color.Green, Color.Blue, Color.Yellow, Color.Red, Color.Aqua, Color.Fuchsia, Color.Orange1, Color.Grey];
        var chart = new BreakdownChart().Width(70);
        foreach (var (i, category) in spend.EnumerateObject().OrderByDescending(c => c.Value.GetInt64()).Take(colors.Length).Index())
            chart.AddItem(category.Name, Math.Round(category.Value.GetInt64() / 100.0), colors[i]);
        return chart;
    }

    private static JsonElement? Find(JsonElement answer, string name)
    {
        foreach (var part in new[] { "metrics", "derived" })
            if (answer.GetProperty(part).TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Object)) return value;
        return null;
    }

    /// <summary>Names that count money are in minor units.</summary>
    private static string Show(string name, JsonElement value)
    {
        var isMoney = name.StartsWith("spend", StringComparison.Ordinal) || name.StartsWith("income", StringComparison.Ordinal) || name is "avg_ticket" or "largest_purchase_30d" or "refunded";
        return isMoney ? (value.GetDecimal() / 100).ToString("#,0.00", CultureInfo.InvariantCulture) : Output.Show(value);
    }
}
