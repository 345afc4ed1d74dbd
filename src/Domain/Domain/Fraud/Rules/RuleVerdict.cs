using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud.Rules;

/// <summary>In the order of severity. The names in records and answers are lower case.</summary>
public enum Decision : byte { Approve, Review, Decline }

/// <summary>What rules see of one transaction.</summary>
/// <param name="Transaction">Decoded; valid during the call.</param>
/// <param name="Customer">Before the transaction is applied.</param>
/// <param name="Score">The champion's, 0..1; null without a model.</param>
/// <param name="NowMicros">The deciding clock: expiry of suppressions. Spans of velocity limits end at the transaction's own time.</param>
public readonly ref struct RuleInput(EventRow transaction, CustomerFraudMemory customer, ReadOnlySpan<float> features, double? score, long nowMicros)
{
    public EventRow Transaction { get; } = transaction;
    public CustomerFraudMemory Customer { get; } = customer;

    /// <summary>By <see cref="FraudFeatures.All"/>.</summary>
    public ReadOnlySpan<float> Features { get; } = features;
    public double? Score { get; } = score;
    public long NowMicros { get; } = nowMicros;
}

/// <param name="Decision">The most severe of the rules that fired; approve when none did.</param>
/// <param name="Reasons">Reason codes of those, the most severe first, each once.</param>
/// <param name="Fired">Names of the rules that fired and counted.</param>
/// <param name="Shadow">Names of rules in shadow that would have.</param>
/// <param name="Suppressed">Names of rules that fired and were suppressed for this customer, card or merchant.</param>
public sealed record RuleVerdict(Decision Decision, IReadOnlyList<string> Reasons, IReadOnlyList<string> Fired, IReadOnlyList<string> Shadow, IReadOnlyList<string> Suppressed)
{
    public static readonly RuleVerdict Nothing = new(Decision.Approve, [], [], [], []);
}

/// <summary>Compiled rules of one version.</summary>
public interface IFraudRules
{
    /// <summary>SHA-256 of the text, lower hex: what decisions name them by.</summary>
    string Hash { get; }

    /// <summary>Thread-safe; the same input always gives the same verdict.</summary>
    RuleVerdict Judge(in RuleInput input);
}
