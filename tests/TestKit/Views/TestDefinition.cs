using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.TestKit.Views;

/// <summary>Definitions without YAML: metrics as a test writes them, outputs laid out as the loader does.</summary>
public static class TestDefinition
{
    public static Metric Metric(
        string name, EventType[] of, Aggregate aggregate, FieldRef? field = null, Expr? when = null, Field? by = null, int[]? windows = null) =>
        new(0, name, "", of, aggregate, field, when, by, windows ?? [], Pii: false,
            $"{aggregate} {field} of {string.Join(',', of.Select(t => t.Name).Order())} when {(when is null ? "" : EventSql.EmitCondition(when))} by {by?.Name}");

    public static ViewDefinition Of(IEnumerable<Metric> metrics, int tileRetentionDays = ViewDefinition.DefaultTileRetentionDays, IReadOnlyList<FieldRef.Declared>? fields = null)
    {
        Metric[] numbered = [.. metrics.Select((m, slot) => m with { Slot = slot })];
        var outputs = new List<OutputColumn>();
        foreach (var metric in numbered)
            foreach (var window in metric.WindowDays.Prepend(0))
                outputs.Add(new OutputColumn(
                    outputs.Count, window == 0 ? metric.Name : $"{metric.Name}_{window}d", OutputKind.Metric, new ResultType(metric.ResultScalar, metric.By is not null),
                    metric, window, metric.By is null ? null : [.. metric.By.Vocabulary!, ViewDefinition.OtherKey], Pii: false, ""));
        var text = string.Join('\n', numbered.Select(m => $"{m.Name}: {m.Fingerprint} [{string.Join(',', m.WindowDays)}]"));
        return new ViewDefinition("test", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))), text, tileRetentionDays, fields ?? [], numbered, [], [], outputs);
    }
}
