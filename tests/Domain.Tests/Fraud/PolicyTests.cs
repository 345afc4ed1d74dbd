using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Xunit;

namespace Lambda.Domain.Tests.Fraud;

public sealed class PolicyTests
{
    private const string Text = """
        unknown_card: review
        bands:
          - { up_to: 5000, otherwise: approve, storage: review }
          - { up_to: 50000, otherwise: review }
          - { otherwise: decline, overload: review }
        """;

    [Theory]
    [InlineData(Failing.Model, 0, Decision.Approve)]
    [InlineData(Failing.Storage, 5_000, Decision.Review)]
    [InlineData(Failing.Model, 5_001, Decision.Review)]
    [InlineData(Failing.Deadline, 50_001, Decision.Decline)]
    [InlineData(Failing.Overload, long.MaxValue, Decision.Review)]
    public void Policy_ByCauseAndAmount_Answers(Failing cause, long amount, Decision expected)
    {
        var policy = PolicyLoader.Load("p.yaml", Text);
        Assert.Equal((expected, Decision.Review), (policy.When(cause, amount), policy.UnknownCard));
    }

    [Fact]
    public void Policy_AsItSaidOnce_SaysSoWhereItWasAsked()
    {
        var policy = PolicyLoader.Load("p.yaml", Text);
        Assert.Equal((Decision.Decline, Decision.Approve), (policy.AsSaid(Decision.Decline, null).UnknownCard, policy.AsSaid(Decision.Decline, null).When(Failing.Model, 0)));
        Assert.Equal((Decision.Review, Decision.Decline), (policy.AsSaid(null, Decision.Decline).UnknownCard, policy.AsSaid(null, Decision.Decline).When(Failing.Model, 0)));
    }

    [Theory]
    [InlineData("unknown_card: maybe\nbands: [{ otherwise: decline }]", "p.yaml:1:15: found `maybe`, expected unknown_card: approve, review or decline")]
    [InlineData("bands: [{ otherwise: decline }]", "p.yaml:1:1: lacks `unknown_card`: approve, review or decline")]
    [InlineData("unknown_card: decline", "p.yaml:1:1: expected `bands`: a list of at least one, by rising amount")]
    [InlineData("unknown_card: decline\nbands: [{ up_to: 5, otherwise: decline }]", "p.yaml:2:18: the last band has no `up_to`: it is for everything above")]
    [InlineData("unknown_card: decline\nbands:\n- { otherwise: approve }\n- { otherwise: decline }", "p.yaml:3:3: a band but the last needs `up_to`: the largest amount in minor units of the account's currency")]
    [InlineData("unknown_card: decline\nbands:\n- { up_to: 9, otherwise: approve }\n- { up_to: 9, otherwise: approve }\n- { otherwise: decline }", "p.yaml:4:3: `up_to` 9 is not above that of the band before, 9")]
    [InlineData("unknown_card: decline\nbands:\n- { up_to: 9.5, otherwise: approve }\n- { otherwise: decline }", "p.yaml:3:12: found `9.5`, expected a whole number of minor units")]
    [InlineData("unknown_card: decline\nbands: [{ otherwise: decline, strorage: decline }]", "p.yaml:2:31: a band has no key `strorage`")]
    [InlineData("unknown_card: [", "p.yaml:2:1: While parsing a node")]
    public void Policy_WhenWrong_SaysWhereAndWhatWasExpected(string text, string expected) =>
        Assert.StartsWith(expected, string.Join("\n", Assert.Throws<DefinitionException>(() => PolicyLoader.Load("p.yaml", text)).Errors));
}
