using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>
/// The finished view of one customer for one day: a value per output of the definition, and the segments.
/// </summary>
/// <param name="Scalars">By output index; meaningless where the output is keyed.</param>
/// <param name="Maps">By output index; for keyed outputs one value per key in <see cref="OutputColumn.Keys"/>, null value = key absent; null array for scalars.</param>
/// <param name="Segments">By segment index: member or not.</param>
public sealed record Answer(ViewDefinition Definition, int AsOfDay, Value[] Scalars, Value[]?[] Maps, bool[] Segments);

/// <summary>A sum left int64 (or a decimal its 38 digits) at finish: the answer cannot be given.</summary>
public sealed class MetricOverflowException(string metric) : Exception($"metric {metric} does not fit its type; narrow its `when` or window, or correct the events behind it")
{
    public string Metric { get; } = metric;
}
