using Lambda.BatchLayer.Models.Fraud.Acceptors;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Log;

namespace Lambda.BatchLayer.Models.Fraud.Nightly;

/// <summary>
/// The fraud side of the batch layer: behind each published view the acceptor table of its cut and a newly trained model, given to all nodes by one fact. What cannot be made or loaded leaves the
/// last good one in use.
/// </summary>
public sealed class FraudModels
{
    private const string Fact = "fraud_publication";

    private readonly IFraudHistory _history;
    private readonly IFacts _facts;
    private readonly FraudFiles _files;
    private readonly FraudTraining _training;
    private readonly Action<string, Exception> _onError;
    private volatile FraudPublication _now = FraudPublication.None;
    private string? _loaded; // the fact that is served whole

    /// <summary>Loads what copies are on this node's disk.</summary>
    /// <param name="onError">Told of what could not be loaded; what was served before stays.</param>
    public FraudModels(IFraudHistory history, IFacts facts, FraudFiles files, FraudTraining training, Action<string, Exception> onError)
    {
        (_history, _facts, _files, _training, _onError) = (history, facts, files, training, onError);
        _now = FraudPublication.Of(facts.Fact(Fact));
        IAcceptorTable table = _now.Tables.Select(files.LocalTable).FirstOrDefault(t => t is not null) ?? (IAcceptorTable)NoAcceptors.Instance;
        Scoring.Replace(new Scoring(table, Champions(_now).Select(files.LocalModel).FirstOrDefault(m => m is not null), _now.Model(_now.Challenger) is { } c ? files.LocalModel(c) : null));
    }

    /// <summary>What decisions of this node ask.</summary>
    public FraudScoring Scoring { get; } = new();

    /// <summary>What is published, as far as this node knows.</summary>
    public FraudPublication Now => _now;

    /// <summary>Takes over what was published, by this node or another.</summary>
    /// <returns>False when something could not be loaded: it was told, and is to be tried again.</returns>
    public async Task<bool> RefreshAsync(CancellationToken cancel)
    {
        var fact = _facts.Fact(Fact);
        if (fact == _loaded) return true;
        var now = FraudPublication.Of(fact);
        var (table, isNewest) = await TableAsync(now, cancel);
        var champion = await ChampionAsync(now, cancel);
        var challenger = now.Model(now.Challenger) is { } c ? await TryAsync("fraud models", () => _files.ModelAsync(c, cancel)) : null;
        Scoring.Replace(new Scoring(table, champion, challenger));
        _now = now;
        _files.DeleteExcept([.. now.Tables.Select(t => t.Name), .. InUse()]);
        var isWhole = isNewest && champion?.Hash == now.Champion && challenger?.Hash == now.Challenger;
        if (isWhole) _loaded = fact;
        return isWhole;
    }

    /// <summary>Makes what the served view lacks: on the node that drives runs. May take minutes.</summary>
    /// <returns>Whether there was anything to do.</returns>
    public async Task<bool> StepAsync(Publication served, CancellationToken cancel)
    {
        await RefreshAsync(cancel);
        if (served.Epoch > _now.Epoch) await PublishTableAsync(served, cancel);
        else if (_training.TrainDays > 0 && served.Epoch > _now.TrainedEpoch) await TrainAsync(served, cancel);
        else return false;
        await RefreshAsync(cancel);
        await _files.DropFromStoreExceptAsync(_now.Artefacts(), cancel);
        return true;
    }

    /// <summary>Makes a model that is kept the champion, by hand. Durable when it returns; nodes follow within a second.</summary>
    /// <param name="hash">Or how it begins.</param>
    /// <returns>Its whole hash; null when none or several begin so.</returns>
    public string? Promote(string hash)
    {
        string? found = null;
        Publish(now =>
        {
            var all = now.Models.Where(m => m.Hash.StartsWith(hash, StringComparison.Ordinal)).ToList();
            found = all.Count == 1 ? all[0].Hash : null;
            return found is null || found == now.Champion ? now : now.Promoted(found, "hand");
        });
        return found;
    }

    /// <summary>A model by the hash that decisions name, from this node or the warehouse; null when it is not kept any more.</summary>
    public async Task<NamedModel?> ModelAsync(string hash, CancellationToken cancel) => FraudPublication.Of(_facts.Fact(Fact)).Model(hash) is { } model ? await _files.ModelAsync(model, cancel) : null;

    /// <summary>The acceptors of an epoch that decisions name; null when they are not kept any more.</summary>
    public async Task<IAcceptorTable?> TableAsync(long epoch, CancellationToken cancel) =>
        epoch == 0 ? NoAcceptors.Instance
        : FraudPublication.Of(_facts.Fact(Fact)).Tables.FirstOrDefault(t => t.Epoch == epoch) is { } table ? await _files.TableAsync(table, cancel) : null;

    private async Task PublishTableAsync(Publication served, CancellationToken cancel)
    {
        var (before, known) = (_now, new Dictionary<long, IAcceptorTable> { [0] = NoAcceptors.Instance });
        foreach (var table in before.Tables)
            if (await TryAsync("fraud tables", () => _files.TableAsync(table, cancel)) is { } open) known[table.Epoch] = open;
        var (made, check) = await new AcceptorTables(_history).BuildAsync(
            served.Epoch, served.Cut, TakenAtMicros(served), p => p < before.Cut.Count ? before.Cut[p] : 0, known.GetValueOrDefault, _files.NewTablePath, _files.Scratch, cancel);
        await _files.PutTableAsync(made, cancel);
        Publish(now => now.Epoch >= served.Epoch ? now : now with
        {
            Epoch = served.Epoch, Cut = served.Cut.ToArray(), Tables = [made, .. now.Tables.Take(FraudPublication.TablesKept - 1)], Check = check,
        });
    }

    /// <summary>By then every partition had all that is below the cut.</summary>
    private static long TakenAtMicros(Publication served) => served.CutAppendedAtMs.Where(at => at > 0).DefaultIfEmpty(long.MaxValue / Clock.MicrosPerMs).Min() * Clock.MicrosPerMs;

    private async Task TrainAsync(Publication served, CancellationToken cancel)
    {
        try
        {
            NamedModel?[] rivals = [Scoring.Current.Champion, Scoring.Current.Challenger];
            var night = await new NightlyTraining(_history, _training).RunAsync(served.Epoch, served.Cut, [.. rivals.OfType<NamedModel>()], _files.Scratch, cancel);
            var file = FraudModelFile.Write(night.Trained, out var hash);
            var made = FraudModelRef.Of(night.Trained, hash);
            await _files.PutModelAsync(made, file, cancel);
            Publish(now => now.TrainedEpoch >= served.Epoch ? now : Succession.After(now, night, made));
        }
        catch (FitException e)
        {
            Publish(now => now with { TrainedEpoch = served.Epoch, Failure = e.Message });
        }
    }

    private void Publish(Func<FraudPublication, FraudPublication> change)
    {
        while (true)
        {
            var fact = _facts.Fact(Fact);
            var (before, after) = (FraudPublication.Of(fact), default(FraudPublication));
            if ((after = change(before)) == before || _facts.TrySetFact(Fact, fact, after.Text())) return;
        }
    }

    /// <summary>The newest that can be had, the one that is served if none of them can.</summary>
    private async Task<(IAcceptorTable Table, bool IsNewest)> TableAsync(FraudPublication of, CancellationToken cancel)
    {
        if (of.Tables.Count == 0) return (NoAcceptors.Instance, true);
        foreach (var table in of.Tables)
        {
            if (table.Epoch <= Scoring.Current.Acceptors.Epoch && table != of.Tables[0]) break; // what is served is no older
            if (await TryAsync("fraud tables", () => _files.TableAsync(table, cancel)) is { } open) return (open, table == of.Tables[0]);
        }
        return (Scoring.Current.Acceptors, false);
    }

    /// <summary>The champion; the one that is served if it cannot be had, the one before it on a node that has none.</summary>
    private async Task<NamedModel?> ChampionAsync(FraudPublication of, CancellationToken cancel)
    {
        foreach (var model in Champions(of))
        {
            if (model.Hash != of.Champion && Scoring.Current.Champion is { } served) return served;
            if (await TryAsync("fraud models", () => _files.ModelAsync(model, cancel)) is { } read) return read;
        }
        return Scoring.Current.Champion;
    }

    /// <summary>The champion, then those before it.</summary>
    private static IEnumerable<FraudModelRef> Champions(FraudPublication of) =>
        of.Models.Where(m => m.Hash == of.Champion || m.PromotedEpoch is not null).OrderByDescending(m => m.Hash == of.Champion).ThenByDescending(m => m.PromotedEpoch);

    private async Task<T?> TryAsync<T>(string what, Func<Task<T>> load) where T : class
    {
        try
        {
            return await load();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _onError(what, e); // the warehouse's faults among them: the last good one serves
            return null;
        }
    }

    private IEnumerable<string> InUse()
    {
        var (now, scoring) = (_now, Scoring.Current);
        if (scoring.Acceptors is AcceptorFile file) yield return Path.GetFileName(file.Path);
        foreach (var hash in new[] { scoring.Champion?.Hash, scoring.Challenger?.Hash, now.Champion, now.Challenger })
            if (now.Model(hash) is { } model) yield return model.Name;
    }
}
