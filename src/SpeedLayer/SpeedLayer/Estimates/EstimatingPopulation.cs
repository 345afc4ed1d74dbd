using Lambda.Domain.Lifetime;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Estimates;

/// <summary>
/// Puts estimates into rows on their way into the table: from the row's own answer and the model of that moment, so a row moves with every event of its customer. Who fitted a
/// new model has everybody swept: see <see cref="EpochOf"/>.
/// </summary>
/// <param name="model">The last good one; null before the first. Read once for each row.</param>
public sealed class EstimatingPopulation(IPopulation rows, Func<LifetimeModel?> model) : IPopulation
{
    public Task EnsureAsync(ViewDefinition definition, CancellationToken cancel) => rows.EnsureAsync(definition, cancel);

    public Task WriteAsync(ViewDefinition definition, IEnumerable<PopulationRow> written, CancellationToken cancel) =>
        rows.WriteAsync(definition, definition.Lifetime is { Estimates.Count: > 0 } ? written.Select(Estimated) : written, cancel);

    public Task ActivateAsync(ViewDefinition definition, CancellationToken cancel) => rows.ActivateAsync(definition, cancel);

    /// <summary>What the rows of a definition are to be swept for: the epoch of the model in its columns; 0 when it has none.</summary>
    public static long EpochOf(LifetimeModel? model, ViewDefinition definition) => definition.Lifetime is { Estimates.Count: > 0 } ? model?.Epoch ?? 0 : 0;

    private PopulationRow Estimated(PopulationRow row) => row.IsGone ? row : row with { Estimates = EstimateColumns.ValuesOf(row.Answer, model()) };
}
