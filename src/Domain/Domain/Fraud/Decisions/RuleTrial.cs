using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Rules;

namespace Lambda.Domain.Fraud.Decisions;

/// <summary>
/// Rules tried on recorded decisions: with the recorded vector, score and clock, and the customer's memory as it was, what would they have decided? Each decision is also made again by the rules
/// that made it, where those are kept: if that gives something else, the memory was not what it was then, and the trial is worth as little. Not thread-safe.
/// </summary>
/// <param name="kept">Rules by hash; null when they are not kept.</param>
/// <param name="policy">Of today, for records that do not tell what it insisted on then.</param>
public sealed class RuleTrial(RuleSet rules, Func<string, RuleSet?> kept, FraudPolicy policy)
{
    private const int FirstMax = 10;

    private readonly Dictionary<string, RuleTally> _rules = rules.Rules.ToDictionary(r => r.Name, r => new RuleTally(r));
    private readonly TrialCount[,] _changes = new TrialCount[3, 3];
    private readonly List<string> _first = [];
    private long _remade, _differing, _notKept;

    /// <summary>Recorded by a version with other features: cannot be tried.</summary>
    public long Unreadable { get; set; }

    /// <param name="transaction">As it was asked for.</param>
    /// <param name="memory">The customer's, below the position that the decision names.</param>
    /// <param name="isFraud">As labels say now.</param>
    /// <param name="position">Of its record, `p:o`.</param>
    public void Take(EventRow transaction, CustomerFraudMemory memory, Judgement recorded, bool isFraud, string position)
    {
        var input = new RuleInput(transaction, memory, recorded.Features, recorded.Score, recorded.DecidedAtMicros);
        var then = recorded.Rules == rules.Hash ? rules : recorded.Rules is { } hash ? kept(hash) : null;
        var verdict = rules.Judge(input);
        var before = then is null ? null : ReferenceEquals(then, rules) ? verdict : then.Judge(input);
        var floor = FloorOf(recorded, before, transaction);
        Remake(recorded, before, floor, position);
        var decision = Worse(verdict.Decision, floor);
        _changes[(int)recorded.Decision, (int)decision].Add(isFraud);
        foreach (var name in verdict.Fired) _rules[name].Take(isFraud, decision, otherwise: Without(verdict, name, floor));
        foreach (var name in verdict.Shadow) _rules[name].Take(isFraud, decision, otherwise: Worse(decision, _rules[name].Rule.Decision));
        foreach (var name in verdict.Suppressed) _rules[name].Suppressed++;
    }

    public RuleTrialReport Report() => new(
        rules.Hash, [.. from a in Enumerable.Range(0, 3) from b in Enumerable.Range(0, 3) where _changes[a, b].Count > 0 select new TrialChange((Decision)a, (Decision)b, _changes[a, b])],
        [.. rules.Rules.Select(r => _rules[r.Name])], Unreadable, new TrialRemade(_remade, _differing, _notKept, _first));

    /// <summary>
    /// What card and policy insisted on, whatever rules say: as it was recorded. Records of before that was: where rules of then do not explain the decision, the decision itself; else what the policy says
    /// today, but no more than was decided.
    /// </summary>
    private Decision FloorOf(Judgement recorded, RuleVerdict? before, EventRow transaction)
    {
        if (recorded.Card == CardStanding.Blocked) return Decision.Decline;
        if (recorded.UnknownCard is not null || recorded.ModelFailed is not null) return Worse(recorded.UnknownCard ?? Decision.Approve, recorded.ModelFailed ?? Decision.Approve);
        var hasModelFailed = recorded.Marks.Contains(DecisionNames.Of(Failing.Model));
        if (recorded.Card != CardStanding.Unknown && !hasModelFailed) return Decision.Approve;
        if (recorded.Decision > before?.Decision) return recorded.Decision;
        var today = Worse(recorded.Card == CardStanding.Unknown ? policy.UnknownCard : Decision.Approve, hasModelFailed ? policy.When(Failing.Model, transaction.Number(EventCatalog.BillingAmountMinor.Ordinal)) : Decision.Approve);
        return today < recorded.Decision ? today : recorded.Decision;
    }

    private void Remake(Judgement recorded, RuleVerdict? before, Decision floor, string position)
    {
        if (before is null)
        {
            _notKept++;
            return;
        }
        _remade++;
        if (Worse(before.Decision, floor) == recorded.Decision && before.Fired.SequenceEqual(recorded.Fired) && before.Shadow.SequenceEqual(recorded.Shadow) && before.Suppressed.SequenceEqual(recorded.Suppressed)) return;
        _differing++;
        if (_first.Count < FirstMax) _first.Add(position);
    }

    private Decision Without(RuleVerdict verdict, string name, Decision floor)
    {
        var rest = floor;
        foreach (var other in verdict.Fired)
            if (other != name) rest = Worse(rest, _rules[other].Rule.Decision);
        return rest;
    }

    private static Decision Worse(Decision a, Decision b) => a > b ? a : b;
}

/// <summary>So many decisions, and how many of their transactions labels call fraud.</summary>
public record struct TrialCount(long Count, long Frauds)
{
    public void Add(bool isFraud) => (Count, Frauds) = (Count + 1, Frauds + (isFraud ? 1 : 0));

    public static TrialCount operator +(TrialCount a, TrialCount b) => new(a.Count + b.Count, a.Frauds + b.Frauds);

    public static TrialCount operator -(TrialCount a, TrialCount b) => new(a.Count - b.Count, a.Frauds - b.Frauds);
}

/// <summary>Decisions that were <paramref name="Recorded"/> and would be <paramref name="Tried"/>.</summary>
public readonly record struct TrialChange(Decision Recorded, Decision Tried, TrialCount Count);

/// <summary>What one rule does among the others.</summary>
public sealed class RuleTally(FraudRule rule)
{
    private TrialCount _fired, _alone, _stops;

    public FraudRule Rule => rule;

    /// <summary>How often it fired, in shadow: would have.</summary>
    public TrialCount Fired => _fired;

    /// <summary>Decisions that would be others without it; of a rule in shadow, with it.</summary>
    public TrialCount Alone => _alone;

    /// <summary>Of these those that are stopped (reviewed or declined) because of it alone; of a rule in shadow, would be.</summary>
    public TrialCount Stops => _stops;

    public long Suppressed { get; internal set; }

    internal void Take(bool isFraud, Decision decision, Decision otherwise)
    {
        _fired.Add(isFraud);
        if (otherwise == decision) return;
        _alone.Add(isFraud);
        if (otherwise == Decision.Approve || decision == Decision.Approve) _stops.Add(isFraud);
    }
}

/// <summary>Decisions made again by the rules that had made them.</summary>
/// <param name="Differing">Gave something else: must be 0.</param>
/// <param name="NotKept">Their rules are not kept, or cannot be read by this version.</param>
/// <param name="First">Positions of the first that differ.</param>
public sealed record TrialRemade(long Count, long Differing, long NotKept, IReadOnlyList<string> First);

/// <summary>What came of trying rules on recorded decisions.</summary>
/// <param name="Rules">Hash of the rules that were tried.</param>
/// <param name="Changes">All decisions by what they were and would be, the unchanged too.</param>
public sealed record RuleTrialReport(string Rules, IReadOnlyList<TrialChange> Changes, IReadOnlyList<RuleTally> Tallies, long Unreadable, TrialRemade Remade)
{
    public TrialCount Decisions => Sum(_ => true);

    /// <summary>Would be others.</summary>
    public TrialCount Changed => Sum(c => c.Recorded != c.Tried);

    /// <summary>Reviewed or declined, as it was …</summary>
    public TrialCount StoppedThen => Sum(c => c.Recorded != Decision.Approve);

    /// <summary>… and as it would be.</summary>
    public TrialCount StoppedNow => Sum(c => c.Tried != Decision.Approve);

    /// <summary>Stopped were this rule not there; of a rule in shadow, were it active.</summary>
    public TrialCount Otherwise(RuleTally rule) => rule.Rule.IsShadow ? StoppedNow + rule.Stops : StoppedNow - rule.Stops;

    private TrialCount Sum(Func<TrialChange, bool> of) => Changes.Where(of).Aggregate(default(TrialCount), (sum, c) => sum + c.Count);
}
