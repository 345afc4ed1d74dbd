namespace Lambda.Serving.Ports;

/// <summary>SQL of analysts: reads of `customer_current` and `events` as they are without personal data, and of nothing else.</summary>
public interface IAnalystSql
{
    /// <param name="sql">One SELECT; `{name:Type}` places take <paramref name="parameters"/>.</param>
    /// <param name="parameters">By name; null is NULL.</param>
    /// <exception cref="SqlRefusedException">It is no SELECT, it is wrong, or it names something that analysts do not see.</exception>
    /// <exception cref="QueryLimitException">It took too much time, memory or room.</exception>
    /// <exception cref="EngineUnavailableException">The warehouse does not answer.</exception>
    Task<SqlResult> RunAsync(string sql, IReadOnlyDictionary<string, string?> parameters, int rowsMax, CancellationToken cancel);
}

/// <param name="Rows">Each a JSON array, as the warehouse wrote it.</param>
/// <param name="Truncated">There are more.</param>
public sealed record SqlResult(IReadOnlyList<string> Columns, IReadOnlyList<string> Types, IReadOnlyList<ReadOnlyMemory<byte>> Rows, bool Truncated);

public sealed class SqlRefusedException(string message) : Exception(message);
