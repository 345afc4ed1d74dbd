using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Rules;

namespace Lambda.Domain.Fraud.Decisions;

/// <summary>What decides at one moment. Replaced as a whole; a decision uses one of them from beginning to end.</summary>
public sealed record DecisionBasis(Scoring Scoring, IFraudRules Rules, FraudPolicy Policy)
{
    /// <summary>No model, no rules, nothing known of terminals.</summary>
    public static readonly DecisionBasis Nothing = new(new Scoring(NoAcceptors.Instance, null, null), new NoRules(), FraudPolicy.Default);

    private sealed class NoRules : IFraudRules
    {
        public string Hash => "none";

        public RuleVerdict Judge(in RuleInput input) => RuleVerdict.Nothing;
    }
}

/// <summary>One transaction, judged: features, model, rules, policy. Pure: the same inputs give the same judgement. Not thread-safe: it keeps scratch.</summary>
public sealed class Judge
{
    /// <summary>Features that are named as reasons.</summary>
    public const int ModelReasons = 4;

    private readonly AcceptorFraudMemory _acceptor = new();
    private readonly double[] _contributions = new double[FraudFeatures.Count];
    private readonly float[] _features = new float[FraudFeatures.Count];

    /// <param name="row">The transaction, without a decision.</param>
    /// <param name="memory">The customer's, before it.</param>
    public Judgement Of(EventRow row, CustomerFraudMemory memory, DecisionBasis basis, CardStanding card, long nowMicros)
    {
        var scoring = basis.Scoring;
        var delay = scoring.Champion?.Model.LabelDelayDays ?? FraudFeatures.LabelDelayMax;
        var transaction = FraudEvents.TransactionOf(row);
        Compute(transaction, memory, scoring.Acceptors, delay, _features);
        return Of(row, memory, basis, card, nowMicros, delay);
    }

    /// <summary>Judges again what was recorded: with the recorded vector, in the recorded circumstances, by what the policy said then.</summary>
    /// <param name="memory">The customer's as of the recorded position: what velocity limits ask.</param>
    public Judgement Again(EventRow row, CustomerFraudMemory memory, Judgement recorded, DecisionBasis basis)
    {
        if (recorded.Features.Length != _features.Length) throw new ArgumentException($"{recorded.Features.Length} features, this version has {_features.Length}", nameof(recorded));
        recorded.Features.CopyTo(_features, 0);
        return Of(row, memory, basis with { Policy = basis.Policy.AsSaid(recorded.UnknownCard, recorded.ModelFailed) }, recorded.Card, recorded.DecidedAtMicros, recorded.LabelDelayDays) with
        {
            AcceptorsEpoch = recorded.AcceptorsEpoch, Partition = recorded.Partition, StateOffset = recorded.StateOffset, RequestHash = recorded.RequestHash,
        };
    }

    /// <summary>The feature vector, into a span of <see cref="FraudFeatures.Count"/>.</summary>
    public void Compute(in FraudTransaction transaction, CustomerFraudMemory memory, IAcceptorTable acceptors, int labelDelayDays, Span<float> into)
    {
        var isKnown = transaction.Acceptor != 0 && acceptors.TryRead(transaction.Acceptor, _acceptor);
        FraudFeatures.Compute(transaction, memory, isKnown ? _acceptor : null, labelDelayDays, into);
    }

    private Judgement Of(EventRow row, CustomerFraudMemory memory, DecisionBasis basis, CardStanding card, long nowMicros, int delay)
    {
        var scoring = basis.Scoring;
        var (score, challenger) = (scoring.Champion?.Model.Trees.Score(_features), scoring.Challenger?.Model.Trees.Score(_features));
        var (verdict, marks) = (basis.Rules.Judge(new RuleInput(row, memory, _features, score, nowMicros)), new List<string>());
        var (decision, reasons) = (verdict.Decision, new List<Reason>());
        foreach (var code in verdict.Reasons) reasons.Add(new Reason(code, "rule"));
        Decision? unknownCard = card == CardStanding.Unknown ? basis.Policy.UnknownCard : null;
        Decision? modelFailed = score is { } value && !double.IsFinite(value) ? basis.Policy.When(Failing.Model, row.Number(EventCatalog.BillingAmountMinor.Ordinal)) : null;
        Insist(card == CardStanding.Blocked ? Decision.Decline : null, "CARD_BLOCKED");
        Insist(unknownCard, "UNKNOWN_CARD");
        Insist(modelFailed, "MODEL_FAILED");
        if (modelFailed is not null)
        {
            marks.Add(DecisionNames.Of(Failing.Model));
            score = null;
        }
        if (score is not null) AddModelReasons(scoring.Champion!.Model, reasons);
        return new Judgement(decision, score, reasons, [.. _features])
        {
            Model = scoring.Champion?.Hash, Challenger = scoring.Challenger?.Hash, ChallengerScore = challenger is { } c && double.IsFinite(c) ? c : null, Rules = basis.Rules.Hash,
            Fired = verdict.Fired, Shadow = verdict.Shadow, Suppressed = verdict.Suppressed, Marks = marks, Card = card, UnknownCard = unknownCard, ModelFailed = modelFailed,
            AcceptorsEpoch = scoring.Acceptors.Epoch, LabelDelayDays = delay, DecidedAtMicros = nowMicros,
        };

        void Insist(Decision? atLeast, string code)
        {
            if (atLeast is not { } least) return;
            if (least > decision) decision = least;
            reasons.Insert(0, new Reason(code, "policy"));
        }
    }

    /// <summary>The features that raised the score most.</summary>
    private void AddModelReasons(FraudModel model, List<Reason> reasons)
    {
        model.Trees.Contributions(_features, _contributions);
        Span<int> strongest = stackalloc int[ModelReasons];
        var count = TreeModel.Strongest(_contributions, strongest);
        foreach (var feature in strongest[..count]) reasons.Add(new Reason(FraudFeatures.All[feature].Name, "model", _features[feature], _contributions[feature]));
    }
}
