using System.Text;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Domain.Definitions;

/// <summary>The data dictionary of a view, and the function table of the language, as Markdown.</summary>
public static class DefinitionDocs
{
    /// <param name="source">The definition's file, as the page names it.</param>
    public static string DataDictionary(ViewDefinition view, string source)
    {
        var page = new StringBuilder($"# Data dictionary of `{view.Name}`\n\n");
        page.Append($"Generated from [{source}](../{source}): change it there. How metrics, derived values and segments are computed, exactly: ");
        page.Append("[definition-language.md](definition-language.md).\n\n");
        page.Append($"{view.Metrics.Count} metrics and {view.Derived.Count} derived values in {view.Outputs.Count} outputs, {view.Segments.Count} segments. ");
        page.Append("*PII* marks personal data. A window `Nd` is an output `name_Nd` beside `name`: the last N days, UTC, today included.\n\n");
        page.Append("## Metrics\n\n| name | type | windows | meaning | computed as |\n|---|---|---|---|---|\n");
        foreach (var metric in view.Metrics) Row(page, Name(metric.Name, metric.Pii), TypeOf(view, metric.Name), Windows(metric), metric.Doc, Computed(metric));
        page.Append("\n## Derived values\n\n| name | type | meaning | computed as |\n|---|---|---|---|\n");
        foreach (var derived in view.Derived) Row(page, Name(derived.Name, derived.Pii), TypeOf(view, derived.Name), derived.Doc, Code(ExprProse.Print(derived.Expression)));
        page.Append("\n## Segments\n\n| name | who | rule |\n|---|---|---|\n");
        foreach (var segment in view.Segments) Row(page, Name(segment.Name, pii: false), segment.Doc, Code(ExprProse.Print(segment.Rule)));
        Estimates(page, view);
        Keys(page, view);
        return page.ToString();
    }

    /// <summary>Every function: signature and meaning.</summary>
    public static string FunctionTable()
    {
        var table = new StringBuilder("| function | meaning |\n|---|---|\n");
        foreach (var function in Functions.All) Row(table, Code(function.Signature), function.Doc);
        return table.ToString();
    }

    /// <summary>How an output comes about, in one line of plain text.</summary>
    public static string ComputedAs(ViewDefinition view, OutputColumn output) => output.Metric is { } metric
        ? Computed(metric).Replace("`", "") + (output.WindowDays > 0 ? $", last {output.WindowDays} days" : "")
        : view.Derived.FirstOrDefault(d => d.Name == output.Name) is { } derived ? ExprProse.Print(derived.Expression) : "";

    private static void Estimates(StringBuilder page, ViewDefinition view)
    {
        var columns = PopulationColumns.Of(view).Estimates;
        if (columns.Count == 0) return;
        page.Append("\n## Estimates\n\nOf a model that is fitted on every published view ([ADR 55](adr/0055-lifetime-estimates.md)): not exact, and null of who never bought. ");
        page.Append("Searches, exports and SQL name them like metrics; derived values and segments cannot.\n\n| name | type | meaning |\n|---|---|---|\n");
        foreach (var column in columns) Row(page, Name(column.Name, column.Pii), column.Type.Scalar.Word(), column.Doc);
    }

    private static void Keys(StringBuilder page, ViewDefinition view)
    {
        var fields = view.Metrics.Select(m => m.By).OfType<Events.Field>().Distinct().ToList();
        if (fields.Count == 0) return;
        page.Append("\n## Keys of maps\n\n| by | keys |\n|---|---|\n");
        foreach (var field in fields) Row(page, Code(field.Name), string.Join(", ", field.Vocabulary!.Append(ViewDefinition.OtherKey).Select(Code)));
    }

    private static string Computed(Metric metric)
    {
        var text = new StringBuilder(Code(metric.Field is null ? "count" : $"{metric.Aggregate.ToString().ToLowerInvariant()} {metric.Field.Name}"));
        text.Append($" of {string.Join(", ", metric.Of.Select(t => Code(t.Name)))}");
        if (metric.By is not null) text.Append($" by {Code(metric.By.Name)}");
        if (metric.When is not null) text.Append($" when {Code(ExprProse.Print(metric.When))}");
        return text.ToString();
    }

    private static string Windows(Metric metric) => metric.WindowDays.Count == 0 ? "" : string.Join(", ", metric.WindowDays.Select(d => $"{d}d"));

    private static string TypeOf(ViewDefinition view, string output) => view.Outputs.First(o => o.Name == output).Type is var type && type.ByKey ? $"map of {type.Scalar.Word()}" : type.Scalar.Word();

    private static string Name(string name, bool pii) => pii ? $"`{name}` *PII*" : Code(name);

    private static string Code(string text) => $"`{text.Replace("|", "\\|")}`";

    private static void Row(StringBuilder table, params string[] cells) => table.Append("| ").AppendJoin(" | ", cells.Select(c => c.ReplaceLineEndings(" "))).Append(" |\n");
}
