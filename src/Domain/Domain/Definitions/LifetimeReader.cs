using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Views;

namespace Lambda.Domain.Definitions;

/// <summary>Reads `lifetime`: the outputs from which lifetime value and churn are estimated.</summary>
internal sealed class LifetimeReader(ErrorList errors, Shape shape, NameTable names, IReadOnlyList<OutputColumn> outputs)
{
    private const string What = "lifetime";

    public LifetimeInputs? Read(SourceNode node)
    {
        if (shape.Keys(node, What, "purchases", "first", "last", "spent", "estimates") is not { } keys) return null;
        var purchases = Output(node, keys, "purchases", "days with a purchase, int64", ScalarType.Int64);
        var first = Output(node, keys, "first", "a day or an instant", ScalarType.Day, ScalarType.Instant);
        var last = Output(node, keys, "last", "a day or an instant", ScalarType.Day, ScalarType.Instant);
        var spent = keys.ContainsKey("spent") ? Output(node, keys, "spent", "minor units, int64", ScalarType.Int64) : null;
        var estimates = Estimates(keys.GetValueOrDefault("estimates"));
        return purchases is null || first is null || last is null ? null : new LifetimeInputs(purchases.Index, first.Index, last.Index, spent?.Index) { Estimates = estimates };
    }

    /// <summary>The text of the definition fixes the table's columns, so a definition of before keeps its table as it is.</summary>
    private IReadOnlyList<string> Estimates(SourceNode? node)
    {
        var named = new List<string>();
        foreach (var name in shape.Texts(node, "the name of an estimate"))
        {
            if (!EstimateColumns.Choice.Contains(name.Text))
                errors.Add(name.Place, $"no estimate is called `{name.Text}`{Suggestion.For(name.Text, EstimateColumns.Choice)}; there are {string.Join(", ", EstimateColumns.Choice)}");
            else if (names.Add(name.Text, "estimate", name.Place)) named.Add(name.Text);
        }
        if (named.Count > 0 && names.Add(EstimateColumns.Model, "estimates' model", node!.Place)) named.Add(EstimateColumns.Model);
        return named;
    }

    private OutputColumn? Output(SourceNode node, Dictionary<string, SourceNode> keys, string key, string expected, params ScalarType[] types)
    {
        if (!keys.TryGetValue(key, out var value))
        {
            errors.Add(node.Place, $"{What} lacks `{key}`: the output that holds it ({expected})");
            return null;
        }
        if (shape.Text(value, "the name of an output") is not { } name) return null;
        if (outputs.FirstOrDefault(o => o.Name == name.Text) is not { } output)
        {
            var why = names.Has(name.Text) ? $"`{name.Text}` has an error of its own, or is no output" : $"no output is called `{name.Text}`{Suggestion.For(name.Text, outputs.Select(o => o.Name))}";
            errors.Add(name.Place, why);
            return null;
        }
        if (!output.Type.ByKey && types.Contains(output.Type.Scalar)) return output;
        errors.Add(name.Place, $"{What}: `{key}` is `{name.Text}`, {output.Type.Words()}; expected {expected}");
        return null;
    }
}
