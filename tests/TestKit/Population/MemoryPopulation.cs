using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;

namespace Lambda.TestKit.Population;

/// <summary>The population as a list of rows, and questions about it by the language's own evaluator: what the warehouse must answer.</summary>
public sealed class MemoryPopulation : IPopulationReads
{
    public ViewDefinition? Definition { get; set; }
    public List<PopulationRow> Rows { get; } = [];

    /// <summary>Thrown by the next question.</summary>
    public Exception? Fails { get; set; }

    public ValueTask<ViewDefinition?> DefinitionAsync(CancellationToken cancel) => new(Definition);

    public ValueTask<PopulationSummary> SummaryAsync(ViewDefinition definition, CancellationToken cancel) =>
        new(Rows.Count == 0 ? new PopulationSummary(0, 0, null) : new PopulationSummary(Rows.Count, Rows.Min(r => r.Epoch), Rows.Min(r => r.Answer.AsOfDay)));

    public Task<IReadOnlyList<PopulationHit>> SearchAsync(PopulationQuery query, CancellationToken cancel)
    {
        Throw();
        var hits = Found(query.Definition, query.Where).Select(row => HitOf(query, row)).ToList();
        hits.Sort((a, b) => Compare(query.OrderBy, a, b));
        return Task.FromResult<IReadOnlyList<PopulationHit>>([.. hits.Take(query.Limit)]);
    }

    public Task<long> CountAsync(ViewDefinition definition, Expr? where, CancellationToken cancel)
    {
        Throw();
        return Task.FromResult<long>(Found(definition, where).Count());
    }

    public Task<IReadOnlyList<long>> SegmentSizesAsync(ViewDefinition definition, CancellationToken cancel)
    {
        Throw();
        return Task.FromResult<IReadOnlyList<long>>([.. definition.Segments.Select((_, i) => (long)Rows.Count(r => r.Answer.Segments[i]))]);
    }

    public Task<Stream> ExportAsync(PopulationExport export, CancellationToken cancel)
    {
        Throw();
        var ids = Found(export.Definition, export.Where).Select(r => r.Customer.ToString())
            .Where(id => string.CompareOrdinal(id, export.From) >= 0 && (export.To.Length == 0 || string.CompareOrdinal(id, export.To) < 0)).Order(StringComparer.Ordinal);
        return Task.FromResult<Stream>(new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(ids.Select(id => $$"""{"customer_id":"{{id}}"}""" + "\n")))));
    }

    public Task<IReadOnlyList<string>> BoundariesAsync(ViewDefinition definition, int rowsPerPart, CancellationToken cancel)
    {
        var ids = Rows.Select(r => r.Customer.ToString()).Order(StringComparer.Ordinal).ToList();
        return Task.FromResult<IReadOnlyList<string>>([.. ids.Where((_, i) => i > 0 && i % rowsPerPart == 0)]);
    }

    private IEnumerable<PopulationRow> Found(ViewDefinition definition, Expr? where)
    {
        var condition = where is null ? null : AnswerExpressions.Compile(where);
        return Rows.Where(row =>
        {
            var (scalars, maps) = ValuesOf(definition, row);
            return condition is null || condition.IsTrue(scalars, maps, row.Answer.AsOfDay);
        });
    }

    private static PopulationHit HitOf(PopulationQuery query, PopulationRow row)
    {
        var (scalars, maps) = ValuesOf(query.Definition, row);
        Value[] sort = [.. query.OrderBy.Select(k => AnswerExpressions.Compile(k.Value).Evaluate(scalars, maps, row.Answer.AsOfDay))];
        string[] segments = query.WithSegments ? [.. query.Definition.Segments.Where((_, i) => row.Answer.Segments[i]).Select(s => s.Name)] : [];
        return new PopulationHit(row.Customer, [.. query.Columns.Select(c => scalars[c.Index])], [.. query.Columns.Select(c => maps[c.Index])], sort, segments,
            row.Partition, row.Epoch, row.Applied, row.Answer.AsOfDay);
    }

    private static (Value[] Scalars, Value[]?[] Maps) ValuesOf(ViewDefinition definition, PopulationRow row) =>
        PopulationColumns.Of(definition).ValuesOf(row.Answer, row.Customer.Utf8.ToArray(), row.Estimates);

    private static int Compare(IReadOnlyList<SortKey> keys, PopulationHit a, PopulationHit b)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            var (x, y) = (a.Sort[i], b.Sort[i]);
            if (x.IsNull && y.IsNull) continue;
            if (x.IsNull || y.IsNull) return x.IsNull == keys[i].NullsFirst ? -1 : 1;
            var order = x.Type == ScalarType.Text ? x.Utf8.SequenceCompareTo(y.Utf8) : x.Number.CompareTo(y.Number);
            if (order != 0) return keys[i].Descending ? -order : order;
        }
        return a.Customer.CompareTo(b.Customer);
    }

    private void Throw()
    {
        var fails = Fails;
        Fails = null;
        if (fails is not null) throw fails;
    }
}
