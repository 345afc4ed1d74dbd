namespace Lambda.Serving.Ports;

/// <summary>What decisions are scored with: acceptor tables by epoch, champion and challenger.</summary>
public interface IFraudModels
{
    FraudModelsStatus Now { get; }

    /// <summary>Makes a model that is kept the champion. Durable when it returns.</summary>
    /// <param name="hash">Or how it begins.</param>
    /// <returns>Its whole hash; null when none or several begin so.</returns>
    string? Promote(string hash);
}

/// <param name="AcceptorsEpoch">Of the table that this node's decisions ask; 0 before the first.</param>
/// <param name="PublishedEpoch">Of the newest table.</param>
/// <param name="Served">Hash of the champion that this node's decisions ask; another than the published one where that could not be loaded.</param>
/// <param name="Failure">Why the newest epoch gave no model; null when it did.</param>
/// <param name="Check">Null before the first table.</param>
/// <param name="Drift">Null without a champion, or with too few transactions.</param>
public sealed record FraudModelsStatus(
    long AcceptorsEpoch, int Acceptors, long PublishedEpoch, string? Served, string? Champion, string? Challenger, IReadOnlyList<FraudModelStatus> Models, long TrainedEpoch, string? Failure,
    FraudCheckStatus? Check, FraudDriftStatus? Drift);

/// <param name="Tested">AUC, average precision and card precision@100 on days that it never saw, when it was trained.</param>
/// <param name="Judged">The same on the newest days with labels; null when it was not looked at since.</param>
/// <param name="PromotedBy">`first`, `rule`, `hand`; null for one that never decided.</param>
public sealed record FraudModelStatus(
    string Hash, long Epoch, int TrainedFromDay, int CutDay, int LabelDelayDays, int Rows, int Frauds, (double Auc, double AveragePrecision, double CardPrecision) Tested,
    (double Auc, double AveragePrecision, double CardPrecision)? Judged, long? PromotedEpoch, string? PromotedBy);

/// <param name="Mismatches">Decisions that had seen something else than raw events say.</param>
/// <param name="First">Positions `p:o` of the first of them.</param>
public sealed record FraudCheckStatus(long Epoch, long Decisions, long Mismatches, long WithoutTable, IReadOnlyList<string> First);

/// <param name="Psi">Population stability index by feature.</param>
public sealed record FraudDriftStatus(string Model, int Rows, IReadOnlyDictionary<string, double> Psi);
