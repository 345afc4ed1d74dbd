using System.Globalization;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.Domain.Tests.Definitions;
using Xunit;

namespace Lambda.Domain.Tests.Fraud;

public sealed class RuleTests
{
    private const long At = 1_767_225_600_000_000; // 2026-01-01

    private static EventRow Transaction(long minor = 1_000, string more = "", string customer = "ann")
    {
        var json = $$"""{"type":"transaction","event_id":"t","customer_id":"{{customer}}","card_token":"tok","merchant_id":"m1","channel":"pos","direction":"debit","status":"approved","amount_minor":{{minor}},"currency":"EUR","occurred_at":"2026-01-01T00:00:00Z"{{more}}}""";
        Assert.True(new EventParser().TryParse(Encoding.UTF8.GetBytes(json), At, out var record, out var why), $"{why}");
        var row = new EventRow();
        RecordCodec.Read(record.ToArray(), row);
        return row;
    }

    private static RuleVerdict Judge(string rules, EventRow? row = null, double? score = null, CustomerFraudMemory? memory = null, Action<Dictionary<string, float>>? features = null, long now = At)
    {
        var named = new Dictionary<string, float>();
        features?.Invoke(named);
        float[] vector = [.. FraudFeatures.All.Select(f => named.GetValueOrDefault(f.Name))];
        return RulesLoader.Load("r.yaml", rules).Judge(new RuleInput(row ?? Transaction(), memory ?? new CustomerFraudMemory(), vector, score, now));
    }

    private static string One(string when, string more = "") => $"rules:\n  - {{ name: one, when: \"{when}\", decision: decline, reason: ONE{more} }}\n";

    [Theory]
    [InlineData("score >= 0.9", 0.9, true)]
    [InlineData("score >= 0.9", 0.8999994, false)]
    [InlineData("score >= 0.9", 0.8999996, true)] // six digits, half even
    [InlineData("score >= 0.9 or amount > 1", null, false)]
    [InlineData("score is null", null, true)]
    public void Rule_OverTheScore_ComparesSixDigits(string when, double? score, bool fires) => Assert.Equal(fires, Judge(One(when), score: score).Fired.Count == 1);

    [Fact]
    public void Rules_OfFieldsAndFeatures_FireByTheMostSevere()
    {
        var verdict = Judge("""
            rules:
              - { name: small, when: "billing_amount_minor < 5000 and channel = 'pos'", decision: review, reason: SMALL }
              - { name: much, when: "ratio_90d > 5", decision: decline, reason: MUCH }
              - { name: much_too, when: "ratio_90d > 4", decision: review, reason: MUCH }
              - { name: never, when: "ratio_90d > 50", decision: decline, reason: NEVER }
              - { name: seen, when: "ratio_90d > 6", decision: decline, reason: SEEN, mode: shadow }
            """, features: f => f["ratio_90d"] = 7);
        Assert.Equal(Decision.Decline, verdict.Decision);
        Assert.Equal(["MUCH", "SMALL"], verdict.Reasons);
        Assert.Equal(["small", "much", "much_too"], verdict.Fired);
        Assert.Equal(["seen"], verdict.Shadow);
    }

    [Fact]
    public void Features_WhenTheSenderNamesOne_AreStillOurs() =>
        Assert.Empty(Judge(One("score > 0.5 or amount > 1"), Transaction(more: ",\"score\":0.99"), score: 0.1, features: f => f["amount"] = 0).Fired);

    [Theory]
    [InlineData(1e38f, "1000000000000000000000000000")]
    [InlineData(-1e38f, "-1000000000000000000000000000")]
    [InlineData(0.0000005f, "0.000000")]
    [InlineData(0.0000015f, "0.000002")]
    [InlineData(16_777_216f, "16777216")]
    public void Numbers_WhenCompared_AreDecimalsOfSixDigits(float number, string expected) => Assert.Equal(decimal.Parse(expected, CultureInfo.InvariantCulture), RuleSet.Decimal(number));

    [Theory]
    [InlineData("count: 3, within: 10m", 2, false)]
    [InlineData("count: 3, within: 10m", 3, true)]
    [InlineData("count: 3, within: 2m", 3, false)] // two of them lie before it
    [InlineData("sum_minor: 4000, within: 24h", 3, false)] // 3 × 1000 and this one
    [InlineData("sum_minor: 3999, within: 24h", 3, true)]
    public void Velocity_WhenExceededByThisOne_Fires(string limit, int before, bool fires)
    {
        var memory = new CustomerFraudMemory();
        for (var i = 1; i <= before; i++) memory.Apply(FraudEvent.Paid(new FraudTransaction((ulong)i, At - i * 60_000_000L, 1_000)));
        Assert.Equal(fires, Judge($"rules:\n  - {{ name: v, velocity: {{ {limit} }}, decision: review, reason: V }}\n", memory: memory).Fired.Count == 1);
    }

    [Fact]
    public void Suppression_UntilItsEnd_TakesTheRulesSay()
    {
        string Text(string of) => $"rules:\n  - {{ name: one, when: amount >= 0, decision: decline, reason: ONE }}\nsuppressions:\n  - {{ {of}, until: \"2026-01-02T00:00:00Z\", who: kim, why: known }}\n";
        foreach (var of in (string[])["rule: one, customer_id: ann", "rule: all, card_token: tok", "rule: one, merchant_id: m1, customer_id: ann"])
        {
            var verdict = Judge(Text(of));
            Assert.Equal((Decision.Approve, "one"), (verdict.Decision, Assert.Single(verdict.Suppressed)));
            Assert.Equal(Decision.Decline, Judge(Text(of), now: At + Clock.MicrosPerDay).Decision);
        }
        foreach (var of in (string[])["rule: one, customer_id: bob", "rule: all, merchant_id: m2", "rule: one, merchant_id: m1, customer_id: bob"]) Assert.Equal(Decision.Decline, Judge(Text(of)).Decision);
    }

    [Theory]
    [InlineData("from: \"2026-01-01T00:00:01Z\"", false)]
    [InlineData("until: \"2026-01-01T00:00:00Z\"", false)]
    [InlineData("from: \"2026-01-01T00:00:00Z\", until: \"2026-01-01T00:00:01Z\"", true)]
    public void Rule_OutsideItsTime_Rests(string time, bool fires) => Assert.Equal(fires, Judge(One("amount >= 0", ", " + time)).Fired.Count == 1);

    [Theory]
    [InlineData("", "r.yaml:1:1: the file is empty, expected a definition")]
    [InlineData("suppressions: []", "r.yaml:1:1: lacks `rules`: a list, which may be empty")]
    [InlineData("rules: 5", "r.yaml:1:8: found `5`, expected rules as a list")]
    [InlineData("rules: [{ name: a, decision: decline, reason: A }]", "r.yaml:1:9: a rule needs `when`, `velocity` or both")]
    [InlineData("rules: [{ name: a, when: scor > 1, decision: decline, reason: A }]", "r.yaml:1:26: no field is called `scor` (d")]
    [InlineData("rules: [{ name: a, when: score, decision: decline, reason: A }]", "r.yaml:1:26: the condition is no bool: compare something")]
    [InlineData("rules: [{ name: a, when: score > 1, decision: approve, reason: A }]", "r.yaml:1:47: found `approve`, expected review or decline")]
    [InlineData("rules: [{ name: A, when: score > 1, decision: review, reason: A }]", "r.yaml:1:17: found `A`, expected lower-case letters")]
    [InlineData("rules: [{ name: a, when: score > 1, decision: review, reason: a }]", "r.yaml:1:63: found `a`, expected a code such as HIGH_SCORE")]
    [InlineData("rules: [{ name: a, velocity: { count: 99, within: 10m }, decision: review, reason: A }]", "r.yaml:1:39: found `99`, expected count: a whole number from 1 to 64")]
    [InlineData("rules: [{ name: a, velocity: { count: 9, within: 25h }, decision: review, reason: A }]", "r.yaml:1:50: found `25h`, expected a span up to 24h")]
    [InlineData("rules: [{ name: a, when: score > 1, decision: review, reason: A, from: \"2026-01-02T00:00:00Z\", until: \"2026-01-02T00:00:00Z\" }]", "r.yaml:1:103: `until` is not behind `from`")]
    [InlineData("rules: []\nsuppressions: [{ rule: b, customer_id: c, until: \"2026-01-01T00:00:00Z\", who: w, why: y }]", "r.yaml:2:24: no rule is called `b`")]
    [InlineData("rules: []\nsuppressions: [{ rule: all, customer_id: c, who: w, why: y }]", "r.yaml:2:16: a suppression ends: lacks `until`")]
    public void Text_WhenWrong_SaysWhereAndWhatWasExpected(string text, string expected) =>
        Assert.StartsWith(expected, string.Join("\n", Assert.Throws<DefinitionException>(() => RulesLoader.Load("r.yaml", text)).Errors), StringComparison.Ordinal);

    [Fact]
    public void Text_WithSeveralMistakes_TellsAll() =>
        Assert.Equal(4, Assert.Throws<DefinitionException>(() => RulesLoader.Load("r.yaml", "rules:\n  - { name: a, when: x > 1, decision: no, reason: A }\n  - { name: a, when: score > 1, decision: review, reason: b }\n")).Errors.Count);

    /// <summary>Against conditions written in C#.</summary>
    [Fact]
    public void Rules_OfRandomNumbers_AreWhatTheySay()
    {
        var rules = RulesLoader.Load("r.yaml", """
            rules:
              - { name: a, when: score >= 0.5 and count_24h > 3, decision: decline, reason: A }
              - { name: b, when: km_per_hour > 900 or ratio_90d < 0, decision: review, reason: B }
              - { name: c, when: billing_amount_minor * 2 > amount + 10, decision: review, reason: C, mode: shadow }
            """);
        var random = new Random(11);
        string[] names = ["count_24h", "km_per_hour", "ratio_90d", "amount"];
        int[] at = [.. names.Select(n => FraudFeatures.All.ToList().FindIndex(f => f.Name == n))];
        for (var i = 0; i < 2_000; i++)
        {
            var (vector, minor, score) = (new float[FraudFeatures.Count], random.NextInt64(5_000), random.Next(4) == 0 ? (double?)null : random.NextDouble());
            foreach (var (f, max) in at.Zip([7, 1_800, 2, 5_000])) vector[f] = (float)(random.NextDouble() * max - (max == 2 ? 1 : 0));
            decimal D(int f) => Math.Round((decimal)(double)vector[at[f]], 6, MidpointRounding.ToEven);
            var verdict = rules.Judge(new RuleInput(Transaction(minor), new CustomerFraudMemory(), vector, score, At));
            List<string> fired = [];
            if (score is { } s && Math.Round((decimal)s, 6, MidpointRounding.ToEven) >= 0.5m && D(0) > 3) fired.Add("a");
            if (D(1) > 900 || D(2) < 0) fired.Add("b");
            Assert.Equal(fired, verdict.Fired);
            Assert.Equal(minor * 2 > D(3) + 10 ? ["c"] : [], verdict.Shadow);
        }
    }

    [Fact]
    public void Rules_ThatComeWithLambda_AreGoodAndSayNothingOfOrdinaryPayments()
    {
        var rules = RulesLoader.Load("fraud-rules.yaml", Repository.Read("views/fraud-rules.yaml"));
        Assert.True(rules.Rules.Count > 5);
        var vector = new float[FraudFeatures.Count];
        FraudFeatures.Compute(FraudEvents.TransactionOf(Transaction()), new CustomerFraudMemory(), null, 7, vector);
        Assert.Equal(RuleVerdict.Nothing, rules.Judge(new RuleInput(Transaction(), new CustomerFraudMemory(), vector, 0.1, At)));
        Assert.Equal(Decision.Decline, rules.Judge(new RuleInput(Transaction(), new CustomerFraudMemory(), vector, 0.95, At)).Decision);
        Assert.Equal(RuleSet.HashOf(rules.Text), rules.Hash);
    }
}
