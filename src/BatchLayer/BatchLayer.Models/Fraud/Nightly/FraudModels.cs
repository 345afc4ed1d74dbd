using Lambda.BatchLayer.Models.Fraud.Acceptors;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;
using Lambda.Domain.Log;

namespace Lambda.BatchLayer.Models.Fraud.Nightly;

/// <summary>
/// The fraud side of the batch layer: behind each published view the acceptor table of its cut, given to all nodes by one fact. What cannot be loaded leaves the last good one in use.
/// </summary>
public sealed class FraudModels
{
    private const string Fact = "fraud_publication";

    private readonly IFraudHistory _history;
    private readonly IFacts _facts;
    private readonly FraudFiles _files;
    private readonly Action<string, Exception> _onError;
    private volatile FraudPublication _now = FraudPublication.None;
    private string? _loaded; // the fact that is served whole

    /// <summary>Loads what copies are on this node's disk.</summary>
    /// <param name="onError">Told of what could not be loaded; what was served before stays.</param>
    public FraudModels(IFraudHistory history, IFacts facts, FraudFiles files, Action<string, Exception> onError)
    {
        (_history, _facts, _files, _onError) = (history, facts, files, onError);
        _now = FraudPublication.Of(facts.Fact(Fact));
        if (_now.Tables.Select(files.LocalTable).FirstOrDefault(t => t is not null) is { } table) Scoring.Replace(new Scoring(table, null, null));
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
        _now = FraudPublication.Of(fact);
        var (table, isNewest) = await TableAsync(_now, cancel);
        Scoring.Replace(new Scoring(table, null, null));
        _files.DeleteExcept([.. _now.Artefacts(), .. InUse()]);
        if (isNewest) _loaded = fact;
        return isNewest;
    }

    /// <summary>Makes what the served view lacks: on the node that drives runs. May take minutes.</summary>
    /// <returns>Whether there was anything to do.</returns>
    public async Task<bool> StepAsync(Publication served, CancellationToken cancel)
    {
        await RefreshAsync(cancel);
        if (served.Epoch <= _now.Epoch) return false;
        await PublishTableAsync(served, cancel);
        return true;
    }

    private async Task PublishTableAsync(Publication served, CancellationToken cancel)
    {
        var (before, known) = (_now, new Dictionary<long, IAcceptorTable> { [0] = NoAcceptors.Instance });
        foreach (var table in before.Tables)
            if (await TryTableAsync(table, cancel) is { } open) known[table.Epoch] = open;
        var (made, check) = await new AcceptorTables(_history).BuildAsync(
            served.Epoch, served.Cut, p => p < before.Cut.Count ? before.Cut[p] : 0, known.GetValueOrDefault, _files.NewTablePath, _files.Scratch, cancel);
        await _files.PutTableAsync(made, cancel);
        Publish(now => now.Epoch >= served.Epoch ? now : now with
        {
            Epoch = served.Epoch, Cut = [.. Enumerable.Range(0, served.Cut.Partitions).Select(p => served.Cut[p])], Tables = [made, .. now.Tables.Take(FraudPublication.TablesKept - 1)], Check = check,
        });
        await RefreshAsync(cancel);
        await _files.DropFromStoreExceptAsync(_now.Artefacts(), cancel);
    }

    private void Publish(Func<FraudPublication, FraudPublication> change)
    {
        while (true)
        {
            var before = _facts.Fact(Fact);
            if (_facts.TrySetFact(Fact, before, change(FraudPublication.Of(before)).Text())) return;
        }
    }

    /// <summary>The newest that can be had, the one that is served if none of them can.</summary>
    private async Task<(IAcceptorTable Table, bool IsNewest)> TableAsync(FraudPublication of, CancellationToken cancel)
    {
        if (of.Tables.Count == 0) return (NoAcceptors.Instance, true);
        foreach (var table in of.Tables)
        {
            if (table.Epoch <= Scoring.Current.Acceptors.Epoch && table != of.Tables[0]) break; // what is served is no older
            if (await TryTableAsync(table, cancel) is { } open) return (open, table == of.Tables[0]);
        }
        return (Scoring.Current.Acceptors, false);
    }

    private async Task<AcceptorFile?> TryTableAsync(AcceptorTableRef table, CancellationToken cancel)
    {
        try
        {
            return await _files.TableAsync(table, cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _onError("fraud tables", e); // the warehouse's faults among them: the last good one serves
            return null;
        }
    }

    private IEnumerable<string> InUse() => Scoring.Current.Acceptors is AcceptorFile file ? [Path.GetFileName(file.Path)] : [];
}
