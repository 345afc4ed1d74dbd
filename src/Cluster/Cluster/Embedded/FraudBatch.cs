using Lambda.BatchLayer.Models.Fraud;
using Lambda.BatchLayer.Models.Fraud.Acceptors;
using Lambda.BatchLayer.Models.Fraud.Nightly;
using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Options;
using Lambda.Domain.Fraud;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Embedded;

/// <summary>
/// Acceptor tables and fraud models in a thread of low priority, behind the publications: neither answers nor runs wait for it. A failure is told and tried again, ever more seldom.
/// </summary>
internal sealed class FraudBatch : IFraudModels, IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1), RetryMax = TimeSpan.FromMinutes(5);

    private readonly BackgroundThread _thread = new("lambda-fraud");
    private readonly Action<string, Exception> _onError;
    private int _failures;

    public FraudBatch(WarehouseConnection house, IFacts facts, string folder, LambdaOptions options, Action<string, Exception> onError)
    {
        var training = new FraudTraining(options.FraudTrainDays, options.FraudLabelDelayDays, options.FraudTestDays) { TablesPerDay = options.FraudTablesPerDay };
        (_onError, Models) = (onError, new FraudModels(house.FraudHistory, facts, new FraudFiles(folder, house.Artefacts, onError), training, onError));
    }

    public FraudModels Models { get; }

    /// <summary>What decisions of this node are scored with.</summary>
    public FraudScoring Scoring => Models.Scoring;

    public FraudModelsStatus Now
    {
        get
        {
            var (now, scoring) = (Models.Now, Scoring.Current);
            return new FraudModelsStatus(scoring.Acceptors.Epoch, (scoring.Acceptors as AcceptorFile)?.Count ?? 0, now.Epoch, scoring.Champion?.Hash, now.Champion, now.Challenger, [.. now.Models.Select(Of)], now.TrainedEpoch,
                now.Failure, now.Check is { } c ? new FraudCheckStatus(c.Epoch, c.Decisions, c.Mismatches, c.WithoutTable, c.First) : null, now.Drift is { } d ? new FraudDriftStatus(d.Model, d.Rows, d.Psi) : null);
        }
    }

    public string? Promote(string hash) => Models.Promote(hash);

    /// <summary>Makes what the served view lacks, where runs are driven.</summary>
    public Task<TimeSpan> StepAsync(Publication served, CancellationToken cancel) => TryAsync(async () =>
    {
        await Models.StepAsync(served, cancel);
        return true;
    });

    /// <summary>Takes over what the node published that drives runs.</summary>
    public Task<TimeSpan> RefreshAsync(CancellationToken cancel) => TryAsync(() => Models.RefreshAsync(cancel));

    public void Dispose() => _thread.Dispose();

    private static FraudModelStatus Of(FraudModelRef m) =>
        new(m.Hash, m.Epoch, m.TrainedFrom, m.Cut, m.LabelDelayDays, m.Rows, m.Frauds, Of(m.Tested), m.Judged is { } judged ? Of(judged) : null, m.PromotedEpoch, m.PromotedBy);

    private static (double, double, double) Of(Quality q) => (q.Auc, q.AveragePrecision, q.CardPrecision);

    private async Task<TimeSpan> TryAsync(Func<Task<bool>> step)
    {
        try
        {
            _failures = await _thread.RunAsync(step) ? 0 : _failures + 1;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _failures++;
            _onError("fraud batch", e);
        }
        return _failures == 0 ? Every : TimeSpan.FromSeconds(Math.Min(RetryMax.TotalSeconds, Math.Pow(2, Math.Min(_failures, 10))));
    }
}
