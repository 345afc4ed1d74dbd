using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Lambda.Cluster.Cli;

/// <summary>What commands print: tables for people, one JSON object for programs (`--json`).</summary>
public static class Output
{
    /// <summary>Results go to stdout; tables are drawn as wide as they need when stdout is not a terminal.</summary>
    public static IAnsiConsole Console { get; } = Make();

    public static void Json(JsonElement element) => System.Console.Out.WriteLine(JsonSerializer.Serialize(element));

    public static void Line(string text) => System.Console.Out.WriteLine(text);

    public static void Error(string message) => System.Console.Error.WriteLine($"lambda: {message}");

    public static void Note(string message) => System.Console.Error.WriteLine(message);

    public static Table Table(params ReadOnlySpan<string> columns)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in columns) table.AddColumn(new TableColumn(Markup.Escape(column)));
        return table;
    }

    public static Table Row(this Table table, params IEnumerable<object?> cells)
    {
        table.AddRow(cells.Select(c => new Text(Show(c))).ToArray());
        return table;
    }

    public static string Show(object? cell) => cell switch
    {
        null => "-",
        long n => n.ToString("#,0", CultureInfo.InvariantCulture),
        int n => n.ToString("#,0", CultureInfo.InvariantCulture),
        double n => n.ToString("#,0.##", CultureInfo.InvariantCulture),
        JsonElement { ValueKind: JsonValueKind.Null } => "-",
        JsonElement { ValueKind: JsonValueKind.Number } e when e.TryGetInt64(out var n) => n.ToString("#,0", CultureInfo.InvariantCulture),
        JsonElement { ValueKind: JsonValueKind.Array } e => string.Join(", ", e.EnumerateArray().Select(x => Show(x))),
        _ => cell.ToString()!,
    };

    private static IAnsiConsole Make()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = System.Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect });
        if (System.Console.IsOutputRedirected) console.Profile.Width = 200;
        return console;
    }
}
