using FsCheck.Xunit;
using Lambda.Domain.Lifetime;
using Xunit;

namespace Lambda.Domain.Tests.Lifetime;

public class RfmScaleTests
{
    private static PurchaseHistory Customer(int recency, int purchases, double spent) => new(purchases - 1, 1_000 - recency, 1_000, spent / purchases, purchases);

    [Fact]
    public void Scores_OfTenDifferentCustomers_AreTwoOfEachFifth()
    {
        var customers = Enumerable.Range(1, 10).Select(i => Customer(recency: i * 10, purchases: i, spent: i * 100)).ToList();
        var scale = RfmScale.Of(customers);

        Assert.Equal(["511", "511", "422", "422", "333", "333", "244", "244", "155", "155"], customers.Select(c => scale.ScoreOf(c).ToString()));
    }

    [Fact]
    public void Scores_OfEqualValues_AreEqual()
    {
        var customers = Enumerable.Repeat(Customer(5, 3, 900), 7).Append(Customer(5, 8, 900)).ToList();
        var scale = RfmScale.Of(customers);

        Assert.Single(customers.Take(7).Select(scale.ScoreOf).Distinct());
        Assert.Equal(5, scale.ScoreOf(customers[7]).Frequency);
    }

    [Property]
    public bool Scores_OfBetterCustomers_AreNeverWorse(int seed)
    {
        var random = new Random(seed);
        var customers = Enumerable.Range(0, 50).Select(_ => Customer(random.Next(1_000), random.Next(1, 20), random.Next(100_000))).ToList();
        var scale = RfmScale.Of(customers);
        return customers.SelectMany(_ => customers, (a, b) => (A: a, B: b)).All(p =>
            (Recency(p.A) < Recency(p.B) || scale.ScoreOf(p.A).Recency <= scale.ScoreOf(p.B).Recency)
            && (p.A.Repeats > p.B.Repeats || scale.ScoreOf(p.A).Frequency <= scale.ScoreOf(p.B).Frequency)
            && (Spent(p.A) > Spent(p.B) || scale.ScoreOf(p.A).Monetary <= scale.ScoreOf(p.B).Monetary));

        static double Recency(PurchaseHistory of) => of.AgeDays - of.LastDays;
        static double Spent(PurchaseHistory of) => of.MeanMinor * of.MeanOver;
    }
}
