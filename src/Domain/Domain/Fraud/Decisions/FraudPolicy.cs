using Lambda.Domain.Fraud.Rules;

namespace Lambda.Domain.Fraud.Decisions;

/// <summary>Why a transaction could not be decided as it should be. The names are those of the policy file, of marks and of metrics, in lower case.</summary>
public enum Failing : byte { Tokenisation, Model, Storage, Deadline, Overload }

/// <summary>What is answered to a transaction of some size when something fails.</summary>
/// <param name="UpToMinor">Largest amount of the band, in minor units of the account's currency.</param>
/// <param name="Otherwise">Where the cause has no answer of its own.</param>
public sealed record PolicyBand(long UpToMinor, Decision Otherwise, IReadOnlyDictionary<Failing, Decision> Answers);

/// <summary>
/// Failing open or closed, by amount: a small payment is let through when the model is gone, a large one is not. Also what becomes of cards that nobody told of.
/// </summary>
public sealed record FraudPolicy(Decision UnknownCard, IReadOnlyList<PolicyBand> Bands)
{
    /// <summary>50.00 goes through, 500.00 goes through and is looked at, more does not.</summary>
    public static readonly FraudPolicy Default = new(Decision.Decline,
    [
        new PolicyBand(5_000, Decision.Approve, new Dictionary<Failing, Decision>()),
        new PolicyBand(50_000, Decision.Review, new Dictionary<Failing, Decision>()),
        new PolicyBand(long.MaxValue, Decision.Decline, new Dictionary<Failing, Decision>()),
    ]);

    /// <summary>The policy that said this once; where it was not asked, this one.</summary>
    public FraudPolicy AsSaid(Decision? ofUnknownCard, Decision? ofFailedModel) => new(
        ofUnknownCard ?? UnknownCard, ofFailedModel is { } said ? [new PolicyBand(long.MaxValue, said, new Dictionary<Failing, Decision>())] : Bands);

    public Decision When(Failing cause, long amountMinor)
    {
        foreach (var band in Bands)
            if (amountMinor <= band.UpToMinor) return band.Answers.TryGetValue(cause, out var answer) ? answer : band.Otherwise;
        return Decision.Decline; // a policy's last band has no end; above all bounds nothing goes through
    }
}
