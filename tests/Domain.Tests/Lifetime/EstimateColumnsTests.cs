using Lambda.Domain.Expressions;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Xunit;

namespace Lambda.Domain.Tests.Lifetime;

/// <summary>Estimates as columns: those that a definition names, in its order, as values that the language compares.</summary>
public class EstimateColumnsTests
{
    private const int Today = 20_000;

    private static readonly ViewDefinition Definition = DefinitionLoader.Load("e.yaml", """
        view: e
        metrics:
          days: { of: transaction, count: true }
          first: { of: profile, min: customer_since }
          last: { of: profile, latest: birth_date, pii: true }
          spent: { of: transaction, sum: billing_amount_minor }
        lifetime: { purchases: days, first: first, last: last, spent: spent, estimates: [rfm, p_alive, ltv_365d_minor] }
        """);

    private static readonly LifetimeModel Model = new(
        12, new BgNbd(0.5, 30, 0.8, 2.5), new GammaGamma(6, 4, 1_500), new RfmScale([7, 14, 30, 60], [1, 2, 4, 9], [1_000, 5_000, 20_000, 90_000]), -1, -1, 100, Today);

    [Fact]
    public void Values_OfABuyer_AreThoseOfTheModelInTheDefinitionsOrder()
    {
        var expected = Model.Estimate(new PurchaseHistory(4, 190, 200, 5_000, 5));

        var values = EstimateColumns.ValuesOf(Answer(5, Today - 200, Today - 10, 25_000), Model);

        Assert.Equal(["rfm", "p_alive", "ltv_365d_minor", "lifetime_model"], PopulationColumns.Of(Definition).Estimates.Select(c => c.Name));
        Assert.Equal(PopulationColumns.Of(Definition).Estimates.Select(c => c.Type.Scalar), values.Select(v => v.Type));
        Assert.Equal(["444", Math.Round(expected.Alive * 1e6).ToString("0"), $"{expected.Ltv365dMinor}", "lifetime-12"],
            values.Select(v => v.Type == Domain.Events.ScalarType.Text ? v.ToString() : v.Number.ToString()));
    }

    [Fact]
    public void Values_WithoutAModelOrAPurchase_AreNone()
    {
        Assert.Empty(EstimateColumns.ValuesOf(Answer(5, Today - 200, Today - 10, 25_000), null));
        Assert.Empty(EstimateColumns.ValuesOf(Answer(0, Today - 200, Today - 10, 0), Model));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1e300)]
    public void Value_ThatIsNoDecimal_IsNull(double expected) =>
        Assert.True(EstimateColumns.ValueOf(EstimateColumns.Expected, new LifetimeEstimate(0.5, expected, null, null), "m").IsNull);

    /// <summary>Who may not see what they are made from does not see them.</summary>
    [Fact]
    public void Columns_MadeFromPersonalData_ArePersonal() => Assert.All(PopulationColumns.Of(Definition).Estimates, c => Assert.True(c.Pii));

    [Fact]
    public void Search_MayNameThem()
    {
        var condition = PopulationColumns.Of(Definition).Parse("p_alive < 0.3 or rfm = '444'", out var errors);
        Assert.Empty(errors);
        var (scalars, maps) = PopulationColumns.Of(Definition).ValuesOf(Answer(5, Today - 200, Today - 10, 25_000), "c"u8.ToArray(), EstimateColumns.ValuesOf(Answer(5, Today - 200, Today - 10, 25_000), Model));
        Assert.True(AnswerExpressions.Compile(condition!).IsTrue(scalars, maps, Today));
        (scalars, maps) = PopulationColumns.Of(Definition).ValuesOf(Answer(5, Today - 200, Today - 10, 25_000), "c"u8.ToArray());
        Assert.False(AnswerExpressions.Compile(condition!).IsTrue(scalars, maps, Today));
    }

    private static Answer Answer(int days, int first, int last, long spent) =>
        new(Definition, Today, [Value.Int(days), Value.Day(first), Value.Day(last), Value.Int(spent)], new Value[]?[4], []);
}
