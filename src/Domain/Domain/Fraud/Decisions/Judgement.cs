using Lambda.Domain.Fraud.Rules;

namespace Lambda.Domain.Fraud.Decisions;

/// <summary>What is known of a transaction's card when it is asked for.</summary>
public enum CardStanding : byte { Active, Unknown, Blocked }

/// <summary>The names of answers and records.</summary>
public static class DecisionNames
{
    public static string Of(Decision decision) => decision switch
    {
        Decision.Approve => "approve",
        Decision.Review => "review",
        Decision.Decline => "decline",
        _ => throw new ArgumentOutOfRangeException(nameof(decision), decision, null),
    };

    public static Decision? Parse(string name) => name switch { "approve" => Decision.Approve, "review" => Decision.Review, "decline" => Decision.Decline, _ => null };

    public static string Of(Failing cause) => cause.ToString().ToLowerInvariant();

    /// <summary>The transaction's status in the log: what is in review went through.</summary>
    public static ReadOnlySpan<byte> StatusOf(Decision decision) => decision == Decision.Decline ? "declined"u8 : "approved"u8;
}

/// <summary>Why, in one word.</summary>
/// <param name="Code">A rule's reason code, or the name of a feature.</param>
/// <param name="By">`rule`, `model`, `policy`.</param>
/// <param name="Value">Of the feature.</param>
/// <param name="Contribution">What the feature added to the log-odds.</param>
public sealed record Reason(string Code, string By, float? Value = null, double? Contribution = null);

/// <summary>Everything that a decision is and rests on. Written into the transaction's record and read back from it, bit for bit.</summary>
/// <param name="Score">0..1; null without a model.</param>
/// <param name="Features">By <see cref="FraudFeatures.All"/>.</param>
/// <param name="Model">Hash of the champion's file.</param>
/// <param name="Rules">Hash of the rules' text.</param>
/// <param name="AcceptorsEpoch">Of the table that told of terminal and merchant.</param>
/// <param name="StateOffset">Records of the customer below it are in the features.</param>
/// <param name="DecidedAtMicros">The deciding clock.</param>
/// <param name="Marks">Causes for which the policy had a say: `model`.</param>
public sealed record Judgement(Decision Decision, double? Score, IReadOnlyList<Reason> Reasons, float[] Features)
{
    public string? Model { get; init; }
    public string? Challenger { get; init; }
    public double? ChallengerScore { get; init; }
    public string? Rules { get; init; }
    public IReadOnlyList<string> Fired { get; init; } = [];
    public IReadOnlyList<string> Shadow { get; init; } = [];
    public IReadOnlyList<string> Suppressed { get; init; } = [];
    public IReadOnlyList<string> Marks { get; init; } = [];
    public CardStanding Card { get; init; }

    /// <summary>What the policy of then demanded of an unknown card; null when it was not asked. Policies are not kept: replay takes it from here.</summary>
    public Decision? UnknownCard { get; init; }

    /// <summary>Likewise, of a score that is no number.</summary>
    public Decision? ModelFailed { get; init; }

    public long AcceptorsEpoch { get; init; }
    public int LabelDelayDays { get; init; }
    public int Partition { get; init; }
    public long StateOffset { get; init; }
    public long DecidedAtMicros { get; init; }

    /// <summary>Of what was asked: another body under the same id is told from a repeat by it.</summary>
    public ulong RequestHash { get; init; }
}
