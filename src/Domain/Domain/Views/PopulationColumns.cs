using System.Runtime.CompilerServices;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Lifetime;

namespace Lambda.Domain.Views;

/// <summary>
/// What a search over all customers may name: the definition's outputs, then its segments as bools that are never null, then the estimates it names, then `customer_id`. A
/// definition gives no two of them the same name, so an expression needs no prefix to tell them apart.
/// </summary>
public sealed class PopulationColumns
{
    public const string CustomerIdName = "customer_id";

    private static readonly ConditionalWeakTable<ViewDefinition, PopulationColumns> Known = [];

    private readonly Dictionary<string, OutputColumn> _byName;

    private PopulationColumns(ViewDefinition definition)
    {
        var outputs = definition.Outputs.Count;
        Estimates = [.. (definition.Lifetime?.Estimates ?? []).Select((name, i) => EstimateOf(definition, name, outputs + definition.Segments.Count + i))];
        All =
        [
            .. definition.Outputs,
            .. definition.Segments.Select((s, i) => new OutputColumn(outputs + i, s.Name, OutputKind.Segment, new ResultType(ScalarType.Bool, false), null, 0, null, false, s.Doc)),
            .. Estimates,
            new OutputColumn(outputs + definition.Segments.Count + Estimates.Count, CustomerIdName, OutputKind.CustomerId, new ResultType(ScalarType.Text, false), null, 0, null, false, "Customer id."),
        ];
        CustomerId = All[^1];
        _byName = All.ToDictionary(c => c.Name);
    }

    /// <summary>By index, as expressions over them read them.</summary>
    public IReadOnlyList<OutputColumn> All { get; }

    public OutputColumn CustomerId { get; }

    /// <summary>What models say of a customer: stored in its row beside the outputs, and no part of the exactness law.</summary>
    public IReadOnlyList<OutputColumn> Estimates { get; }

    public static PopulationColumns Of(ViewDefinition definition) => Known.GetValue(definition, d => new PopulationColumns(d));

    public OutputColumn? Named(string name) => _byName.GetValueOrDefault(name);

    /// <summary>A condition or value over one customer's columns.</summary>
    /// <returns>The expression, or null and at least one error; lines count from 1 within the text.</returns>
    public Expr? Parse(string text, out IReadOnlyList<DefinitionError> errors) => ExpressionText.ParseSearch(text, this, out errors);

    /// <summary>What an expression over these columns is evaluated over.</summary>
    /// <param name="estimates">By place in <see cref="Estimates"/>; none: all are null.</param>
    public (Value[] Scalars, Value[]?[] Maps) ValuesOf(Answer answer, ReadOnlyMemory<byte> customerId, Value[]? estimates = null)
    {
        var estimated = estimates is { Length: > 0 } ? estimates : Estimates.Select(c => Value.Null(c.Type.Scalar));
        Value[] scalars = [.. answer.Scalars, .. answer.Segments.Select(Value.Bool), .. estimated, Value.Text(customerId)];
        return (scalars, [.. answer.Maps, .. new Value[]?[scalars.Length - answer.Maps.Length]]);
    }

    /// <summary>It tells of the person what it is made from.</summary>
    private static OutputColumn EstimateOf(ViewDefinition definition, string name, int index)
    {
        var from = definition.Lifetime!;
        int?[] inputs = [from.Purchases, from.First, from.Last, from.Spent];
        return new OutputColumn(index, name, OutputKind.Estimate, new ResultType(EstimateColumns.TypeOf(name), false), null, 0, null,
            inputs.Any(i => i is { } input && definition.Outputs[input].Pii), EstimateColumns.DocOf(name));
    }
}
