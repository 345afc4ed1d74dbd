using Lambda.BatchLayer.Models;
using Lambda.Domain.Lifetime;
using Xunit;

namespace Lambda.BatchLayer.Tests.Models;

public class LifetimeFitTests
{
    /// <summary>Fader, Hardie, Lee (2005), table 2: r = .243, α = 4.414 weeks, a = .793, b = 2.426, log-likelihood −9582.4.</summary>
    [Fact]
    public void Purchases_OfCdnow_AreThePublishedOnes()
    {
        var (model, likelihood) = LifetimeFit.Purchases(CdnowSample.InWeeks);

        Assert.Equal(0.243, model.R, 0.001);
        Assert.Equal(4.414, model.Alpha, 0.005);
        Assert.Equal(0.793, model.A, 0.005);
        Assert.Equal(2.426, model.B, 0.02);
        Assert.Equal(-9582.4, likelihood, 0.1);
    }

    /// <summary>Fader, Hardie (2013): p = 6.25, q = 3.74, γ = 15.44 dollars on the 946 customers with a repeat.</summary>
    [Fact]
    public void Values_OfCdnow_AreThePublishedOnes()
    {
        Assert.Equal(946, CdnowSample.Customers.Count(c => c.History.Repeats > 0));
        var (model, _) = LifetimeFit.Values(CdnowSample.InWeeks);

        Assert.Equal(6.25, model.P, 0.1);
        Assert.Equal(3.74, model.Q, 0.05);
        Assert.Equal(15.44, model.V, 0.3);
    }

    [Fact]
    public void Fit_InDaysAndCents_EstimatesTheSameAsInWeeksAndDollars()
    {
        var days = Fit([.. CdnowSample.Customers.Select(c => c.History)]);
        var weeks = Fit(CdnowSample.InWeeks);

        foreach (var ((day, _), week) in CdnowSample.Customers.Zip(CdnowSample.InWeeks).Take(200))
        {
            Assert.Equal(1, days.Purchases.Alive(day) / weeks.Purchases.Alive(week), 1e-3);
            Assert.Equal(1, days.Purchases.Expected(day, 39 * 7) / weeks.Purchases.Expected(week, 39), 1e-3);
            Assert.Equal(1, days.Value!.ExpectedMinor(day) / 100 / weeks.Value!.ExpectedMinor(week), 1e-3);
        }
    }

    /// <summary>The paper's figure 4: cumulated up to week 78, the model stays some 5 % below what came (here 4,110 against 4,339).</summary>
    [Fact]
    public void Expected_OverTheFollowing39Weeks_IsCloseToWhatCame()
    {
        var (model, _) = LifetimeFit.Purchases([.. CdnowSample.Customers.Select(c => c.History)]);

        var expected = CdnowSample.Customers.Sum(c => model.Expected(c.History, 273));
        var known = CdnowSample.Customers.Sum(c => c.History.Repeats);
        var came = CdnowSample.Customers.Sum(c => c.Later);

        Assert.InRange((known + expected) / (known + came), 0.93, 0.97);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Fit_OfSimulatedCustomers_FindsWhatTheyWereMadeWith(int seed)
    {
        var truth = new LifetimeModel(0, new BgNbd(0.8, 40, 0.6, 2.5), new GammaGamma(4, 5, 9_000), null, 0, 0, 0, 0);
        var simulated = new SimulatedCustomers(truth, seed).Take(40_000);

        var found = Fit([.. simulated.Select(s => s.History)]);

        // Single parameters are correlated, what they mean together is not: the mean rate, the mean risk and the mean value.
        Assert.Equal(0.8 / 40, found.Purchases.R / found.Purchases.Alpha, 0.0015);
        Assert.Equal(0.6 / 3.1, found.Purchases.A / (found.Purchases.A + found.Purchases.B), 0.025);
        Assert.Equal(4 * 9_000 / 4.0, found.Value!.P * found.Value.V / (found.Value.Q - 1), 250.0);
        Assert.InRange(simulated.Sum(s => found.Purchases.Expected(s.History, SimulatedCustomers.LaterDays)) / simulated.Sum(s => s.Later), 0.96, 1.04);
        Assert.Equal(simulated.Average(s => s.IsAlive ? 1.0 : 0), simulated.Average(s => found.Purchases.Alive(s.History)), 0.02);
    }

    [Fact]
    public void Fit_OfTooFew_SaysHowManyAreNeeded()
    {
        var few = Enumerable.Repeat(new PurchaseHistory(1, 3, 10, 500, 1), LifetimeFit.CustomersMin - 1).ToList();

        Assert.Contains($"at least {LifetimeFit.CustomersMin}", Assert.Throws<FitException>(() => LifetimeFit.Purchases(few)).Message);
        Assert.Contains($"at least {LifetimeFit.CustomersMin}", Assert.Throws<FitException>(() => LifetimeFit.Values(few)).Message);
    }

    [Fact]
    public void Fit_WhenNobodyBoughtAgain_SaysSo()
    {
        var once = Enumerable.Repeat(new PurchaseHistory(0, 0, 10, 0, 0), 1000).ToList(); // any rate near zero is as likely as the next

        Assert.Contains("second day", Assert.Throws<FitException>(() => LifetimeFit.Purchases(once)).Message);
    }

    /// <summary>The likelihood then has no maximum: the fewer leave, the likelier. Who has bought all the time is still a customer.</summary>
    [Fact]
    public void Fit_WhenNobodyEverLeaves_FindsThemAlive()
    {
        var random = new Random(5);
        var loyal = Enumerable.Range(0, 3_000).Select(_ => random.Next(60, 150)).Select(age => new PurchaseHistory(age / 3, age - random.Next(3), age, 0, 0)).ToList();

        var (model, likelihood) = LifetimeFit.Purchases(loyal);

        Assert.True(double.IsFinite(likelihood));
        Assert.All(loyal.Take(100), h => Assert.InRange(model.Alive(h), 0.99, 1));
        Assert.All(loyal.Take(100), h => Assert.InRange(model.Expected(h, 90), 28, 31)); // every third day
    }

    /// <summary>What `./lambda generate` makes: many purchases, few who leave, some days old.</summary>
    [Fact]
    public void Fit_OfYoungBusyCustomers_FindsAModel()
    {
        var random = new Random(9);
        var busy = Enumerable.Range(0, 5_000).Select(_ => (Age: random.Next(0, 120), Rate: random.NextDouble(), Gone: random.NextDouble() < 0.05))
            .Select(c => (c.Age, c.Rate, Last: c.Gone ? c.Age / 2 : Math.Max(0, c.Age - random.Next(3))))
            .Select(c => (c.Age, c.Last, Repeats: (long)(c.Last * c.Rate)))
            .Select(c => new PurchaseHistory(c.Repeats, c.Repeats == 0 ? 0 : c.Last, c.Age, 4_000 + random.Next(2_000), c.Repeats + 1)).ToList();

        var model = LifetimeModels.Fit(1, busy, 20_000, default);

        Assert.All(busy, h => Assert.InRange(model.Estimate(h).Alive, 0, 1));
        Assert.All(busy, h => Assert.InRange(model.Estimate(h).ExpectedPurchases90d, 0, 90));
        Assert.All(busy, h => Assert.InRange(model.Estimate(h).Ltv365dMinor!.Value, 0, 366 * 6_000));
    }

    private static LifetimeModel Fit(IReadOnlyCollection<PurchaseHistory> histories)
    {
        var (purchases, likelihood) = LifetimeFit.Purchases(histories);
        var (value, valueLikelihood) = LifetimeFit.Values(histories);
        return new LifetimeModel(1, purchases, value, null, likelihood, valueLikelihood, histories.Count, 0);
    }
}
