using System.Text.Json;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Bytes;
using Lambda.Domain.Events;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Worker;

namespace Lambda.BatchLayer.Models;

/// <summary>
/// The lifetime model that estimates are made with: fitted anew on every published view whose definition has a `lifetime`, from the computed states, so
/// that the same epoch always gives the same model. One that cannot be fitted leaves the last good one in use.
/// </summary>
public sealed class LifetimeModels(IWarehouse warehouse, IViewCatalog views, IFacts facts, TimeProvider time)
{
    /// <summary>More customers change the parameters' third digit and cost minutes: of larger populations an even sample is fitted.</summary>
    public const int CustomersMax = 200_000;

    private const string ModelFact = "lifetime_model", FailureFact = "lifetime_failure";

    private volatile LifetimeModel? _current = ModelOf(facts.Fact(ModelFact));
    private volatile LifetimeFailure? _failure = FailureOf(facts.Fact(FailureFact));

    /// <summary>Null before the first fit.</summary>
    public LifetimeModel? Current => _current;

    /// <summary>Why the newest view has no model of its own; null when it has.</summary>
    public LifetimeFailure? Failure => _failure;

    /// <summary>Takes over what another node fitted.</summary>
    public void Refresh() => (_current, _failure) = (ModelOf(facts.Fact(ModelFact)), FailureOf(facts.Fact(FailureFact)));

    /// <summary>Fits the served view's model if that was not tried yet. May take a minute.</summary>
    /// <returns>Whether there was anything to do.</returns>
    public async Task<bool> StepAsync(Publication served, CancellationToken cancel)
    {
        if (served.Epoch == 0 || Math.Max(_current?.Epoch ?? 0, _failure?.Epoch ?? 0) >= served.Epoch) return false;
        if (views.ByHash(served.DefinitionHash).Definition.Lifetime is not { } inputs) return false;
        try
        {
            var model = Fit(served.Epoch, await HistoriesAsync(served, inputs, cancel), Clock.DayOfMs(time.GetUtcNow().ToUnixTimeMilliseconds()), cancel);
            facts.SetFact(ModelFact, JsonSerializer.Serialize(model, LifetimeJson.Default.LifetimeModel));
            facts.SetFact(FailureFact, null);
        }
        catch (FitException e)
        {
            facts.SetFact(FailureFact, JsonSerializer.Serialize(new LifetimeFailure(served.Epoch, e.Message), LifetimeJson.Default.LifetimeFailure));
        }
        Refresh();
        return true;
    }

    /// <exception cref="FitException">The purchases do not determine a model.</exception>
    public static LifetimeModel Fit(long epoch, IReadOnlyCollection<PurchaseHistory> histories, int day, CancellationToken cancel)
    {
        var (purchases, likelihood) = LifetimeFit.Purchases(histories, cancel);
        var hasValues = histories.Any(h => h.MeanOver > 0);
        var (value, valueLikelihood) = hasValues ? TryValues(histories, cancel) : (null, 0);
        return new LifetimeModel(epoch, purchases, value, hasValues ? RfmScale.Of(histories) : null, likelihood, valueLikelihood, histories.Count, day);
    }

    private static (GammaGamma?, double) TryValues(IReadOnlyCollection<PurchaseHistory> histories, CancellationToken cancel)
    {
        try
        {
            return LifetimeFit.Values(histories, cancel);
        }
        catch (FitException)
        {
            return (null, 0); // who will buy is known all the same
        }
    }

    private async Task<List<PurchaseHistory>> HistoriesAsync(Publication served, LifetimeInputs inputs, CancellationToken cancel)
    {
        var view = views.ByHash(served.DefinitionHash);
        var (day, every) = (served.CutAppendedAtMs.Max(Clock.DayOfMs), (ulong)(served.Artefacts.Sum(a => a.Rows) / CustomersMax + 1));
        var histories = new List<PurchaseHistory>();
        for (var partition = 0; partition < served.Cut.Partitions; partition++)
            await foreach (var (customer, state) in warehouse.ReadComputedAsync(view, served.Epoch, partition, cancel))
            {
                if (XxHash64.Hash(customer.Utf8) % every != 0) continue; // by name: the same customers each time
                if (inputs.HistoryOf(view.Finish(state, null, null, day)) is { } history) histories.Add(history);
            }
        return histories;
    }

    private static LifetimeModel? ModelOf(string? fact) => fact is null ? null : JsonSerializer.Deserialize(fact, LifetimeJson.Default.LifetimeModel);

    private static LifetimeFailure? FailureOf(string? fact) => fact is null ? null : JsonSerializer.Deserialize(fact, LifetimeJson.Default.LifetimeFailure);
}

/// <param name="Epoch">The view that could not be fitted.</param>
public sealed record LifetimeFailure(long Epoch, string Reason);
