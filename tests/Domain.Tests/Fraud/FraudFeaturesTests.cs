using Lambda.Domain.Fraud;
using Xunit;
using static Lambda.Domain.Tests.Fraud.Happened;

namespace Lambda.Domain.Tests.Fraud;

public sealed class FraudFeaturesTests
{
    [Theory]
    [InlineData(7)]
    [InlineData(0)]
    public void Features_OfRandomHistories_AreTheOracles(int delay)
    {
        var compared = 0;
        for (var seed = 0; seed < 16; seed++)
        {
            var script = FraudScript.Random(seed, seed % 4 == 0 ? 350 : 120);
            var memories = new Memories();
            for (var i = 0; i < script.Count; i++)
            {
                if (script[i] is Paid paid && (i % 7 == 0 || i > script.Count - 10)) compared += Same(new FraudOracle(script[..i], paid.Transaction, delay).Features(), memories.Features(paid.Transaction, delay), seed, i);
                memories.Apply(script[i]);
            }
        }
        Assert.True(compared > 300, $"{compared}");
    }

    [Theory]
    [InlineData(47, 1)]
    [InlineData(48, 0)]
    public void Merchant_WhenOthersWereUsedSince_IsForgottenBehind48(int others, int times)
    {
        var (customer, into) = (new CustomerFraudMemory(), new float[FraudFeatures.Count]);
        for (var i = 0; i <= others; i++) customer.Apply(new FraudTransaction((ulong)i + 1, i, 100) { Merchant = (ulong)i + 1 });
        FraudFeatures.Compute(new FraudTransaction(999, 1_000, 100) { Merchant = 1 }, customer, null, 7, into);
        Assert.Equal(times, into[FraudFeatures.All.ToList().FindIndex(f => f.Name == "times_merchant")]);
    }

    [Theory]
    [InlineData(97, 1)]
    [InlineData(98, 0)]
    public void Day_WhenANewerOneWasSeen_IsForgottenAfter98(int newer, int count)
    {
        var (customer, into) = (new CustomerFraudMemory(), new float[FraudFeatures.Count]);
        const long Day = 86_400_000_000;
        customer.Apply(new FraudTransaction(1, 100 * Day, 100));
        customer.Apply(new FraudTransaction(2, (100 + newer) * Day, 100));
        FraudFeatures.Compute(new FraudTransaction(3, 100 * Day + 1, 100), customer, null, 7, into);
        Assert.Equal(count, into[FraudFeatures.All.ToList().FindIndex(f => f.Name == "count_7d")]);
    }

    [Fact]
    public void Features_WhenComputed_DoNotAllocate()
    {
        var (memories, script) = (new Memories(), FraudScript.Random(3, 300));
        foreach (var it in script) memories.Apply(it);
        var last = script.OfType<Paid>().Last().Transaction with { Terminal = 501 };
        var (customer, acceptor, into) = (memories.Customer(last.Customer), memories.Acceptor(501), new float[FraudFeatures.Count]);
        FraudFeatures.Compute(last, customer, acceptor, 7, into);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) FraudFeatures.Compute(last, customer, acceptor, 7, into);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Features_WhenNamed_AreUniqueAndDocumented()
    {
        Assert.Equal(FraudFeatures.Count, FraudFeatures.All.Select(f => f.Name).Distinct().Count());
        Assert.All(FraudFeatures.All, f => Assert.False(string.IsNullOrWhiteSpace(f.Doc)));
        Assert.Throws<ArgumentException>(() => FraudFeatures.Compute(default, new CustomerFraudMemory(), null, 7, new float[FraudFeatures.Count - 1]));
    }

    [Theory]
    [InlineData(48_137_154, 11_576_124, 52_520_007, 13_404_954, 504)] // Munich to Berlin
    [InlineData(0, 179_500_000, 0, -179_500_000, 111)] // over the date line
    public void Distance_BetweenPlaces_IsThatOfTheGlobe(int lat, int lon, int toLat, int toLon, double km) =>
        Assert.Equal(km, new Place(lat, lon).KmTo(new Place(toLat, toLon)), 1.0);

    private static int Same(Dictionary<string, float> expected, float[] found, int seed, int at)
    {
        Assert.Equal(FraudFeatures.All.Select(f => f.Name).Order(), expected.Keys.Order());
        for (var f = 0; f < found.Length; f++)
        {
            var name = FraudFeatures.All[f].Name;
            Assert.True(expected[name].Equals(found[f]), $"seed {seed}, event {at}, {name}: {found[f]}, the oracle says {expected[name]}");
        }
        return 1;
    }

    private sealed class Memories
    {
        private readonly Dictionary<ulong, CustomerFraudMemory> _customers = [];
        private readonly Dictionary<ulong, AcceptorFraudMemory> _acceptors = [];
        private readonly List<FraudTransaction> _paid = [];

        public CustomerFraudMemory Customer(ulong name) => Of(_customers, name);

        public AcceptorFraudMemory Acceptor(ulong name) => Of(_acceptors, name);

        public float[] Features(in FraudTransaction transaction, int delay)
        {
            var into = new float[FraudFeatures.Count];
            FraudFeatures.Compute(transaction, Customer(transaction.Customer), transaction.Acceptor == 0 ? null : Acceptor(transaction.Acceptor), delay, into);
            return into;
        }

        public void Apply(Happened it)
        {
            switch (it)
            {
                case Paid paid:
                    _paid.Add(paid.Transaction);
                    var isUnusual = Customer(paid.Transaction.Customer).Apply(paid.Transaction);
                    if (paid.Transaction.Acceptor != 0) Acceptor(paid.Transaction.Acceptor).Apply(paid.Transaction, isUnusual);
                    break;
                case Known known:
                    var fraud = _paid[known.Payment];
                    Customer(fraud.Customer).ApplyFraud(fraud.AtMicros);
                    if (fraud.Acceptor != 0) Acceptor(fraud.Acceptor).ApplyFraud(fraud.Id, fraud.AtMicros);
                    break;
                case LoginFailed login: Customer(login.Customer).ApplyFailedLogin(login.At); break;
                case CredentialChanged change: Customer(change.Customer).ApplyCredentialChange(change.At); break;
                case AddressChanged change: Customer(change.Customer).ApplyAddressChange(change.At); break;
                default: throw new InvalidOperationException($"{it}");
            }
        }

        private static T Of<T>(Dictionary<ulong, T> all, ulong name) where T : new() => all.TryGetValue(name, out var it) ? it : all[name] = new T();
    }
}
