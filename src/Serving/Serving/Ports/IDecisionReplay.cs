using Lambda.Domain.Fraud.Decisions;

namespace Lambda.Serving.Ports;

/// <summary>Makes a recorded decision again: from its record, the model and rules that it names, and the customer's raw events below its position.</summary>
public interface IDecisionReplay
{
    /// <exception cref="EngineUnavailableException">The warehouse does not answer.</exception>
    Task<ReplayReport> ReplayAsync(AuthorizationRecordRow row, CancellationToken cancel);
}

/// <param name="Again">What it gives now.</param>
/// <param name="Differing">Names of what is not bit for bit what was recorded: features, score, challenger_score, decision, reasons, fired, shadow, suppressed.</param>
/// <param name="Missing">What is not kept any more, so that it could not be made again: model, challenger, rules, acceptors.</param>
public sealed record ReplayReport(Judgement Recorded, Judgement Again, IReadOnlyList<string> Differing, IReadOnlyList<string> Missing)
{
    public bool IsIdentical => Differing.Count == 0 && Missing.Count == 0;
}
