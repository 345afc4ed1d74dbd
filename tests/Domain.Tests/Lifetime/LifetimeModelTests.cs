using Lambda.Domain.Lifetime;
using Xunit;

namespace Lambda.Domain.Tests.Lifetime;

public class LifetimeModelTests
{
    /// <summary>In weeks and dollars, as published for CDNOW.</summary>
    private static readonly BgNbd Cdnow = new(0.243, 4.414, 0.793, 2.426);
    private static readonly GammaGamma CdnowValue = new(6.25, 3.74, 15.44);

    /// <summary>Fader, Hardie, Lee (2005) and the note to it: the customer with x = 2, t_x = 30.43, T = 38.86 is expected to buy 1.226 times in 39 weeks.</summary>
    [Fact]
    public void Expected_OfThePapersCustomer_IsThePublishedFigure() =>
        Assert.Equal(1.226, Cdnow.Expected(new PurchaseHistory(2, 30.43, 38.86, 0, 0), 39), 0.002);

    [Fact]
    public void Alive_OfOneWhoBoughtOnce_IsOne() => Assert.Equal(1, Cdnow.Alive(new PurchaseHistory(0, 0, 300, 0, 0)));

    [Fact]
    public void Alive_WhileNothingIsBought_FallsWithTime()
    {
        var falling = Enumerable.Range(0, 50).Select(week => Cdnow.Alive(new PurchaseHistory(5, 20, 20 + week, 0, 0))).ToList();

        Assert.Equal(falling.OrderDescending(), falling);
        Assert.InRange(falling[0], 0.85, 0.95); // right after a purchase: all but the chance of leaving with it
        Assert.InRange(falling[^1], 0, 0.1);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 0, 400)]
    [InlineData(1, 1, 1)]
    [InlineData(7, 100, 150)]
    [InlineData(365, 365, 365)]
    [InlineData(3_000, 3_650, 3_650)]
    public void Expected_OverAPeriod_IsWhatManySmallPeriodsAddUpTo(long repeats, double last, double age)
    {
        // E[Y(t)] has the rate at time u after T as its derivative: no purchase more, no purchase less than the sum of its steps.
        var of = new PurchaseHistory(repeats, last, age, 0, 0);
        double sum = 0, before = 0;
        for (var day = 1; day <= 90; day++)
        {
            var upTo = Cdnow.Expected(of, day);
            Assert.True(upTo >= before, $"day {day}: {upTo} after {before}");
            sum += upTo - before;
            before = upTo;
        }
        Assert.Equal(Cdnow.Expected(of, 90), sum, 9);
        Assert.True(double.IsFinite(sum));
        Assert.InRange(sum, 0, 90 * (Cdnow.R + repeats) / (Cdnow.Alpha + age) + 1e-9); // never more than at the rate that nobody leaves at
    }

    /// <summary>The expectation by its definition: over what the customer's rate and risk may be given the history, by plain numeric integration.</summary>
    [Theory]
    [InlineData(1, 10, 30, 13)]
    [InlineData(4, 35, 38, 39)]
    [InlineData(12, 36, 38, 52)]
    public void Expected_OverAPeriod_IsTheIntegralOverRatesAndRisks(long repeats, double last, double age, double period)
    {
        var of = new PurchaseHistory(repeats, last, age, 0, 0);

        Assert.Equal(1, Cdnow.Expected(of, period) / ByIntegration(of, period), 0.01);
    }

    /// <summary>Fader, Hardie (2013): a customer with 2 repeat purchases of 22.35 dollars on average is expected to spend 24.66 on the next.</summary>
    [Fact]
    public void ExpectedValue_OfACustomer_LiesBetweenItsOwnMeanAndThatOfAll()
    {
        var all = CdnowValue.ExpectedMinor(default);
        Assert.Equal(15.44 * 6.25 / 2.74, all, 9);

        Assert.Equal(24.66, CdnowValue.ExpectedMinor(new PurchaseHistory(2, 0, 0, 22.35, 2)), 0.02);
        Assert.InRange(CdnowValue.ExpectedMinor(new PurchaseHistory(100, 0, 0, 22.35, 100)), 22.35, 22.7);
    }

    [Fact]
    public void Estimate_WithoutAModelOfValues_SaysNoValue()
    {
        var model = new LifetimeModel(1, Cdnow, null, null, 0, 0, 0, 0);

        Assert.Null(model.Estimate(new PurchaseHistory(2, 30, 38, 2235, 2)).Ltv365dMinor);
        Assert.NotNull((model with { Value = CdnowValue }).Estimate(new PurchaseHistory(2, 30, 38, 2235, 2)).Ltv365dMinor);
    }

    private static double ByIntegration(PurchaseHistory of, double period)
    {
        // Posterior over (rate λ, risk p) up to a constant, alive at T and gone at t_x apart; E[Y(t)|λ,p] = (1 − e^(−λpt)) / p for who is alive.
        double weight = 0, expected = 0;
        const int steps = 1_500;
        for (var i = 0; i < steps; i++)
        {
            var rate = (i + 0.5) / steps * 3; // purchases a week: beyond three nothing is left
            for (var j = 0; j < steps / 5; j++)
            {
                var risk = (j + 0.5) / (steps / 5);
                var prior = Math.Pow(rate, Cdnow.R - 1) * Math.Exp(-Cdnow.Alpha * rate) * Math.Pow(risk, Cdnow.A - 1) * Math.Pow(1 - risk, Cdnow.B - 1);
                var alive = Math.Pow(1 - risk, of.Repeats) * Math.Pow(rate, of.Repeats) * Math.Exp(-rate * of.AgeDays);
                var gone = risk * Math.Pow(1 - risk, of.Repeats - 1) * Math.Pow(rate, of.Repeats) * Math.Exp(-rate * of.LastDays);
                weight += prior * (alive + gone);
                expected += prior * alive * (1 - Math.Exp(-rate * risk * period)) / risk;
            }
        }
        return expected / weight;
    }
}
