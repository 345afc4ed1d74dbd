using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Serving.Ports;

/// <summary>
/// Questions about all customers at once, answered from the population table `customer_current`: one row a customer, each exact at its own position and day.
/// There is no snapshot over rows: two questions may see different states of it.
/// </summary>
public interface IPopulationReads
{
    /// <summary>The definition whose rows the table shows, null while the first sweep still fills it. What is compiled for one definition must be asked under it.</summary>
    /// <exception cref="EngineUnavailableException">The warehouse does not answer.</exception>
    ValueTask<ViewDefinition?> DefinitionAsync(CancellationToken cancel);

    /// <summary>How many rows there are and how old the oldest is. Up to some seconds old itself, never newer than true.</summary>
    /// <exception cref="EngineUnavailableException">The warehouse does not answer.</exception>
    ValueTask<PopulationSummary> SummaryAsync(ViewDefinition definition, CancellationToken cancel);

    /// <summary>The first rows of a question, in its order.</summary>
    /// <exception cref="QueryLimitException">It took too much time or memory.</exception>
    /// <exception cref="EngineUnavailableException">The warehouse does not answer, or another definition has just taken over.</exception>
    Task<IReadOnlyList<PopulationHit>> SearchAsync(PopulationQuery query, CancellationToken cancel);

    /// <summary>How many customers a condition is true of; all without one.</summary>
    /// <exception cref="QueryLimitException">It took too much time or memory.</exception>
    /// <exception cref="EngineUnavailableException">As for a search.</exception>
    Task<long> CountAsync(ViewDefinition definition, Expr? where, CancellationToken cancel);

    /// <summary>All rows of a question in a file format, written by the warehouse and streamed as they come. Reading it throws what a search throws.</summary>
    Task<Stream> ExportAsync(PopulationExport export, CancellationToken cancel);

    /// <summary>Customer ids that cut the population into parts of about so many rows each, ascending; none when it is one part.</summary>
    Task<IReadOnlyList<string>> BoundariesAsync(ViewDefinition definition, int rowsPerPart, CancellationToken cancel);
}

/// <param name="OldestAsOfDay">Null when there is no row.</param>
public sealed record PopulationSummary(long Rows, long OldestEpoch, int? OldestAsOfDay);

/// <summary>A value to sort by, a scalar but no bool (see <c>Keyset</c>). Null stands where <paramref name="NullsFirst"/> says, whatever the direction.</summary>
public sealed record SortKey(Expr Value, bool Descending, bool NullsFirst);

/// <param name="Where">True of the rows wanted, over <see cref="PopulationColumns"/>; null for all.</param>
/// <param name="Columns">What is shown of them.</param>
/// <param name="WithSegments">Also the names of the segments each is in.</param>
/// <param name="OrderBy">Then by customer id: no two rows are equal.</param>
public sealed record PopulationQuery(
    ViewDefinition Definition, Expr? Where, IReadOnlyList<OutputColumn> Columns, bool WithSegments, IReadOnlyList<SortKey> OrderBy, int Limit);

/// <param name="Scalars">By place in the question's columns; meaningless where the column is keyed.</param>
/// <param name="Maps">By place; one value per key of the column, null value = key absent; null for scalars.</param>
/// <param name="Sort">Values of the sort keys.</param>
/// <param name="Applied">Next offset to read of its partition: every record before it is in the row.</param>
public sealed record PopulationHit(
    CustomerId Customer, Value[] Scalars, Value[]?[] Maps, Value[] Sort, IReadOnlyList<string> Segments, int Partition, long Epoch, long Applied, int AsOfDay);

public enum ExportFormat { Ndjson, Csv, Parquet }

/// <param name="From">Customers from this id on, up to and without <paramref name="To"/>; empty for no bound.</param>
public sealed record PopulationExport(
    ViewDefinition Definition, Expr? Where, IReadOnlyList<OutputColumn> Columns, bool WithSegments, ExportFormat Format, string From = "", string To = "");

public enum QueryLimit { Time, Memory, Size }

/// <summary>A question asked for more than one question gets.</summary>
public sealed class QueryLimitException(QueryLimit limit, string message, Exception? inner = null) : Exception(message, inner)
{
    public QueryLimit Limit { get; } = limit;
}
