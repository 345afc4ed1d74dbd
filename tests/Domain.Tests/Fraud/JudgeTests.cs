using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Xunit;

namespace Lambda.Domain.Tests.Fraud;

public sealed class JudgeTests
{
    private const long At = 1_767_780_000_000_000;

    /// <summary>The operator may change the policy: what was decided under the old one is still decided so when it is made again from its record.</summary>
    [Theory]
    [InlineData(CardStanding.Unknown)]
    [InlineData(CardStanding.Blocked)]
    public void Judgement_MadeAgainUnderAnotherPolicy_IsTheRecordedOne(CardStanding card)
    {
        var model = new NamedModel("m1", new FraudModel(new TreeModel(0, [new TreeNode(-1, 0, 0, 0.5f)], [0], FraudFeatures.Count), 1, 8, 7, 1, 10, 1, new Dictionary<string, double>()));
        var basis = DecisionBasis.Nothing with { Scoring = new Scoring(NoAcceptors.Instance, model, null), Policy = Always(Decision.Review) };
        var (judge, row, memory) = (new Judge(), Transaction(), new CustomerFraudMemory());
        var recorded = Read(Written(judge.Of(row, memory, basis, card, At)));
        Assert.Equal(card == CardStanding.Blocked ? Decision.Decline : Decision.Review, recorded.Decision);
        foreach (var policy in (Decision[])[Decision.Approve, Decision.Decline])
            Assert.Equal(Written(recorded), Written(judge.Again(row, memory, recorded, basis with { Policy = Always(policy) })));
    }

    private static FraudPolicy Always(Decision decision) => new(decision, [new PolicyBand(long.MaxValue, decision, new Dictionary<Failing, Decision>())]);

    private static string Written(Judgement judgement)
    {
        using var bytes = new MemoryStream();
        using (var to = new Utf8JsonWriter(bytes)) AuthorizationJson.Write(to, judgement);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static Judgement Read(string written) => AuthorizationJson.Read(Encoding.UTF8.GetBytes($"{{\"authorization\":{written}}}"));

    private static EventRow Transaction()
    {
        const string json = """{"type":"transaction","event_id":"t1","customer_id":"ann","occurred_at":"2026-01-07T10:00:00Z","amount_minor":1000,"currency":"EUR","direction":"debit","status":"approved","card_token":"tok"}""";
        Assert.True(new EventParser().TryParse(Encoding.UTF8.GetBytes(json), At, out var record, out _));
        var row = new EventRow();
        RecordCodec.Read(record.ToArray(), row);
        return row;
    }
}
