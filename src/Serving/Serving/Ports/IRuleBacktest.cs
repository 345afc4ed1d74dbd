using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;

namespace Lambda.Serving.Ports;

/// <summary>Tries rules on the decisions that this installation recorded.</summary>
public interface IRuleBacktest
{
    /// <param name="fromMicros">Decisions made from here on by the deciding clock, microseconds since 1970 …</param>
    /// <param name="toMicros">… up to, without, as far as their records have come to the warehouse.</param>
    /// <exception cref="EngineUnavailableException">The warehouse does not answer, or a backtest is running on this node.</exception>
    Task<RuleTrialReport> RunAsync(RuleSet rules, long fromMicros, long toMicros, CancellationToken cancel);
}
