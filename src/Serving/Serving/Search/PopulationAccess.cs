using Lambda.Domain.Views;
using Lambda.Serving.Export;
using Lambda.Serving.Http;
using Lambda.Serving.Ports;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Search;

/// <summary>What the API needs to answer about all customers at once.</summary>
/// <param name="CursorKey">Signs cursors; the same on every node of an installation.</param>
public sealed record PopulationParts(IPopulationReads Reads, byte[] CursorKey, ExportJobs Exports, IAnalystSql Sql);

internal static class PopulationAccess
{
    /// <exception cref="ProblemException">503 while the first sweep fills the table.</exception>
    public static async ValueTask<ViewDefinition> ShownAsync(this IPopulationReads reads, CancellationToken cancel) =>
        await reads.DefinitionAsync(cancel) ?? throw new ProblemException(new Problem(
            StatusCodes.Status503ServiceUnavailable, "population-not-ready", "the table of all customers is being filled for the first time", TimeSpan.FromSeconds(2)));

    /// <summary>A question that asked for too much: the caller can narrow it, so the fault is not the server's.</summary>
    public static Problem TooMuch(QueryLimitException e) => new(
        StatusCodes.Status422UnprocessableEntity, $"query-{e.Limit.ToString().ToLowerInvariant()}-limit", e.Message);
}
