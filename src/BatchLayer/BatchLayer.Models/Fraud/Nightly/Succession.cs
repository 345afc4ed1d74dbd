using Lambda.Domain.Fraud;

namespace Lambda.BatchLayer.Models.Fraud.Nightly;

/// <summary>
/// Who decides after a night. The challenger of the night before follows the champion when it is not worse on the newest days whose labels are known, which neither was trained on; then the new model
/// becomes challenger. The first model that tells fraud from others better than chance decides at once, and so does
/// the first that this version can use.
/// </summary>
public static class Succession
{
    /// <summary>"Not worse": average precision and AUC at least the champion's less this.</summary>
    public const double Tolerance = 0.005;

    /// <summary>Least AUC of a first champion.</summary>
    public const double FirstAucMin = 0.6;

    public static FraudPublication After(FraudPublication now, TrainedNight night, FraudModelRef made)
    {
        var next = now with { TrainedEpoch = made.Epoch, Failure = null, Drift = night.Drift ?? now.Drift, Models = [.. now.Models.Select(m => night.Judged.TryGetValue(m.Hash, out var q) ? m with { Judged = q } : m)] };
        if (next.Champion is null || night.HasNoRival) return First(next, made);
        if (MayFollow(next, night)) next = next.Promoted(next.Challenger!, "rule");
        return made.Hash == next.Champion ? next : next.Challenged(made);
    }

    private static FraudPublication First(FraudPublication now, FraudModelRef made) => made.Tested.Auc >= FirstAucMin
        ? now.Challenged(made).Promoted(made.Hash, "first")
        : now with { Failure = $"the model is hardly better than chance: AUC {made.Tested.Auc:0.000}, expected {FirstAucMin:0.0} at least" };

    private static bool MayFollow(FraudPublication now, TrainedNight night)
    {
        if (now.Challenger is not { } challenger || !night.Judged.TryGetValue(challenger, out var its)) return false;
        if (!night.Judged.TryGetValue(now.Champion!, out var champions)) return true; // of another label delay, or it cannot be loaded any more
        return its.AveragePrecision >= champions.AveragePrecision - Tolerance && its.Auc >= champions.Auc - Tolerance;
    }
}
