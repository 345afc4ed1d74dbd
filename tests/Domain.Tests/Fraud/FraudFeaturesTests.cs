using System.Buffers;
using Lambda.Domain.Bytes;
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
                if (script[i] is Paid paid && (i % 7 == 0 || i > script.Count - 10))
                {
                    long? asOf = i % 2 == 0 ? null : paid.Transaction.AtMicros - (i % 60 - 5) * 3_600_000_000; // some tables are behind the transaction
                    compared += Same(new FraudOracle(script[..i], paid.Transaction, delay, asOf: asOf).Features(), memories.Features(paid.Transaction, delay, asOf), seed, i);
                }
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
        for (var i = 0; i <= others; i++) customer.Apply(FraudEvent.Paid(new FraudTransaction((ulong)i + 1, i, 100) { Merchant = (ulong)i + 1 }));
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
        customer.Apply(FraudEvent.Paid(new FraudTransaction(1, 100 * Day, 100)));
        customer.Apply(FraudEvent.Paid(new FraudTransaction(2, (100 + newer) * Day, 100)));
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
    public void State_WhenOneByteIsWrong_IsRefusedOrStillBounded()
    {
        var (state, scratch, random, bytes) = (new FraudState(), new FraudScratch(), new Random(5), new ArrayBufferWriter<byte>());
        for (var i = 0; i < 200; i++) state.Add(FraudEvent.Paid(new FraudTransaction((ulong)i, i * 3_600_000_000L, i) { Merchant = (ulong)random.Next(60), Device = (ulong)i }), scratch);
        state.Encode(bytes);
        var refused = 0;
        for (var i = 0; i < 3_000; i++)
        {
            byte[] damaged = [.. bytes.WrittenSpan];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            ReadOnlySpan<byte> rest = damaged;
            try
            {
                var memory = FraudState.Decode(ref rest).Unpack(scratch);
                Assert.InRange(memory.Within(long.MaxValue / 2, 1).Count, 0, FraudLimits.RecentMax);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 100, 2_999);
    }

    [Fact]
    public void Acceptor_WhenOneByteIsWrong_IsRefusedOrStillBounded()
    {
        var (acceptor, read, random, bytes) = (new AcceptorFraudMemory(), new AcceptorFraudMemory(), new Random(5), new GrowingBytes(64));
        for (var i = 0; i < 200; i++)
        {
            acceptor.Apply((ulong)i, i * 36_000_000_000L, i % 7 == 0);
            if (i % 5 == 0) acceptor.ApplyFraud((ulong)i, i * 36_000_000_000L, i % 7 == 0);
        }
        acceptor.Write(bytes);
        Assert.InRange(bytes.Length, 100, 1_000);
        var refused = 0;
        for (var i = 0; i < 3_000; i++)
        {
            byte[] damaged = [.. bytes.Written];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                read.Read(damaged);
                FraudFeatures.ComputeAcceptor(random.NextInt64(1L << 50), read, 7, new float[FraudFeatures.Count]);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 20, 2_999);
    }

    [Fact]
    public void State_OfAnActiveCustomer_StaysSmall()
    {
        var (state, scratch, random) = (new FraudState(), new FraudScratch(), new Random(5));
        for (var i = 0; i < 2_000; i++)
            state.Add(FraudEvent.Paid(new FraudTransaction((ulong)i, i * 4_000_000_000L, random.Next(20_000)) { Merchant = (ulong)random.NextInt64(), Terminal = (ulong)random.NextInt64(), Country = 7, Device = 8, Channel = 9 }), scratch);
        Assert.InRange(state.ApproximateBytes, 1, 6_000);
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
        private readonly Dictionary<ulong, bool> _unusual = [];

        /// <summary>At rest, as bytes; every third one is stored and loaded in between.</summary>
        private readonly Dictionary<ulong, FraudState> _states = [];
        private readonly FraudScratch _scratch = new();

        /// <summary>One after the other, as a table is read.</summary>
        private readonly AcceptorFraudMemory _stored = new();
        private readonly GrowingBytes _bytes = new(64);

        public CustomerFraudMemory Customer(ulong name) => Of(_customers, name);

        public AcceptorFraudMemory Acceptor(ulong name) => Of(_acceptors, name);

        public float[] Features(in FraudTransaction transaction, int delay, long? asOf)
        {
            var (into, unpacked) = (new float[FraudFeatures.Count], new float[FraudFeatures.Count]);
            var acceptor = transaction.Acceptor == 0 ? null : Acceptor(transaction.Acceptor);
            acceptor?.AsOfMicros = asOf ?? long.MinValue;
            FraudFeatures.Compute(transaction, Customer(transaction.Customer), acceptor, delay, into);
            FraudFeatures.Compute(transaction, _states.GetValueOrDefault(transaction.Customer).Unpack(_scratch), acceptor, delay, unpacked);
            Assert.Equal(into, unpacked);
            _bytes.Clear();
            (acceptor ?? new AcceptorFraudMemory()).Write(_bytes);
            _stored.Read(_bytes.Written);
            if (acceptor is not null) _stored.AsOfMicros = asOf ?? long.MinValue;
            FraudFeatures.ComputeAcceptor(transaction.AtMicros, _stored, delay, unpacked);
            Assert.Equal(into, unpacked);
            return into;
        }

        public void Apply(Happened it)
        {
            switch (it)
            {
                case Paid paid:
                    _paid.Add(paid.Transaction);
                    var isUnusual = _unusual[paid.Transaction.Id] = Tell(paid.Transaction.Customer, FraudEvent.Paid(paid.Transaction));
                    if (paid.Transaction.Acceptor != 0) Acceptor(paid.Transaction.Acceptor).Apply(paid.Transaction.Id, paid.Transaction.AtMicros, isUnusual);
                    break;
                case Known known:
                    var fraud = _paid[known.Payment];
                    Tell(fraud.Customer, FraudEvent.Labelled(fraud.Id, 0));
                    if (fraud.Acceptor != 0) Acceptor(fraud.Acceptor).ApplyFraud(fraud.Id, fraud.AtMicros, _unusual[fraud.Id]);
                    break;
                case LoginFailed login: Tell(login.Customer, new FraudEvent(FraudEventKind.FailedLogin, login.At)); break;
                case CredentialChanged change: Tell(change.Customer, new FraudEvent(FraudEventKind.CredentialChange, change.At)); break;
                case AddressChanged change: Tell(change.Customer, new FraudEvent(FraudEventKind.AddressChange, change.At)); break;
                case ProfileTold told: Tell(told.Customer, new FraudEvent(FraudEventKind.Profile, told.At) { Email = told.Email, City = told.City }); break;
                default: throw new InvalidOperationException($"{it}");
            }
        }

        private bool Tell(ulong customer, in FraudEvent it)
        {
            var state = _states.GetValueOrDefault(customer);
            state.Add(it, _scratch);
            if (_told++ % 3 == 0) state = Stored(state);
            _states[customer] = state;
            return Customer(customer).Apply(it);
        }

        private int _told;

        private static FraudState Stored(in FraudState state)
        {
            var bytes = new ArrayBufferWriter<byte>();
            state.Encode(bytes);
            bytes.Write<byte>([7]);
            var rest = bytes.WrittenSpan;
            var loaded = FraudState.Decode(ref rest);
            Assert.Equal(1, rest.Length);
            return loaded;
        }

        private static T Of<T>(Dictionary<ulong, T> all, ulong name) where T : new() => all.TryGetValue(name, out var it) ? it : all[name] = new T();
    }
}
