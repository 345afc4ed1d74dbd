using Lambda.Domain.Fraud;
using Xunit;

namespace Lambda.Domain.Tests.Fraud;

public sealed class FraudFeaturesTests
{
    [Fact]
    public void Compute_WhenHistoriesAreRandom_EqualsTheNaiveOracle()
    {
        for (var seed = 0; seed < 100; seed++) Live(new Random(seed), seed);
    }

    [Fact]
    public void Compute_WhenRepeated_AllocatesNothing()
    {
        var (customer, terminal) = (new CustomerMemory(), new TerminalMemory(7));
        for (var i = 0; i < 200; i++) Apply(customer, terminal, new FraudTransaction(1_500_000_000 + (i * 20_000), 1_000 + i, 7, 1, 2, 3));
        Span<float> to = stackalloc float[FraudFeatures.Count];
        var t = new FraudTransaction(1_500_000_000 + 4_100_000, 9_999, 7, 1, 2, 4);
        FraudFeatures.Compute(t, customer, terminal, 7, to);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) FraudFeatures.Compute(t, customer, terminal, 7, to);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Settle_WhenALabelIsOlderThanTheDelay_CountsOnlyThen()
    {
        var terminal = new TerminalMemory(7);
        var t = new FraudTransaction(1_500_000_000, 100, 1);
        terminal.Apply(t);
        terminal.ApplyFraud(t.Seconds);
        terminal.Settle(t.Seconds + (7 * 86_400) - 1);
        Assert.Equal(0, terminal.Streak);
        terminal.Settle(t.Seconds + (7 * 86_400) + 3_600);
        Assert.Equal((1, t.Hour), (terminal.Streak, terminal.LastFraudHour));
    }

    private static void Live(Random random, int seed)
    {
        var delay = random.Next(1, 15);
        var (customer, terminal, naive) = (new CustomerMemory(), new TerminalMemory(delay), new NaiveFraudFeatures(delay));
        var features = new float[FraudFeatures.Count];
        var applied = new List<FraudTransaction>();
        long now = random.Next(2) == 0 ? 1_500_000_000 : -200_000; // also before 1970
        var gap = (int)Math.Pow(10, 2 + (random.NextDouble() * 4));
        for (var i = 0; i < 150; i++)
        {
            now += random.Next(20) == 0 ? random.Next(120 * 86_400) : random.Next(gap);
            var late = random.Next(8) == 0 ? random.Next(-86_400, 20 * 86_400) : 0;
            var t = new FraudTransaction(now - late, Amount(random), (ulong)random.Next(4), (ulong)random.Next(3), (ulong)random.Next(3), (ulong)random.Next(2), random.Next(3) == 0);
            FraudFeatures.Compute(t, customer, terminal, delay, features);
            var expected = naive.Compute(t);
            for (var f = 0; f < features.Length; f++)
                Assert.True(features[f].Equals(expected[f]), $"seed {seed}, transaction {i}, {FraudFeatures.All[f].Name}: {features[f]}, expected {expected[f]}");
            if (random.Next(3) > 0) ApplyBoth(t);
            if (applied.Count > 0 && random.Next(3) == 0) Label(applied[random.Next(applied.Count)].Seconds);
        }

        void ApplyBoth(FraudTransaction t)
        {
            Apply(customer, terminal, t);
            naive.ApplyCustomer(t);
            naive.ApplyTerminal(t);
            applied.Add(t);
        }

        void Label(long seconds)
        {
            terminal.ApplyFraud(seconds);
            naive.ApplyFraud(seconds);
        }
    }

    private static long Amount(Random random) => random.Next(10) switch { 0 => 0, 1 => long.MaxValue, 2 => random.NextInt64(1_000_000_000_000), _ => random.Next(1, 20_000) };

    private static void Apply(CustomerMemory customer, TerminalMemory terminal, FraudTransaction t)
    {
        customer.Apply(t);
        terminal.Apply(t);
    }
}
