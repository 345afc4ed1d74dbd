using System.Text;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Domain.Definitions;

/// <summary>
/// What a metric means, as text: equal for metrics whose states hold the same, whatever they are called and however they were written. A storage format:
/// states of two definitions are compared by it.
/// </summary>
internal static class Fingerprint
{
    public static string Of(Metric metric)
    {
        var text = new StringBuilder($"{metric.Aggregate.ToString().ToLowerInvariant()}({metric.Field?.Name}) of {string.Join('+', metric.Of)}");
        if (metric.By is not null) text.Append($" by {metric.By.Name}/{string.Join(',', metric.By.Vocabulary!)}");
        if (metric.When is not null) text.Append($" when {ExprText.Print(metric.When)}");
        if (metric.WindowDays.Count > 0) text.Append(" tiled"); // which windows read the tiles does not change them, nor how long they are kept
        foreach (var declared in Declared(metric).DistinctBy(d => d.FieldName).OrderBy(d => d.FieldName, StringComparer.Ordinal))
            text.Append($" with {declared.FieldName} {declared.FieldType.Word()}");
        return text.ToString();
    }

    private static IEnumerable<FieldRef.Declared> Declared(Metric metric)
    {
        if (metric.Field is FieldRef.Declared own) yield return own;
        if (metric.When is null) yield break;
        foreach (var leaf in ExprTree.Leaves(metric.When))
            if (leaf is Expr.EventField { Field: FieldRef.Declared declared }) yield return declared;
    }
}
