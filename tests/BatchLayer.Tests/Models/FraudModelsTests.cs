using System.Globalization;
using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Models.Fraud;
using Lambda.BatchLayer.Models.Fraud.Acceptors;
using Lambda.BatchLayer.Models.Fraud.Nightly;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;
using Lambda.TestKit;
using Lambda.TestKit.Events;
using Xunit;

namespace Lambda.BatchLayer.Tests.Models;

/// <summary>Acceptor tables by epoch, from raw events to what decisions ask on every node, and the recompute of decisions.</summary>
public sealed class FraudModelsTests : IDisposable
{
    private const int P = 3;
    private static readonly FraudTraining NoTraining = new(TrainDays: 0);
    private static readonly long T0 = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private readonly MemoryWarehouse _warehouse = new();
    private readonly MemoryRunJournal _facts = new();
    private readonly MemoryArtefacts _artefacts = new();
    private readonly TempFolder _folder = new();
    private readonly List<string> _errors = [];
    private readonly long[] _next = new long[P];
    private readonly Random _random = new(7);
    private readonly List<(int Customer, int Id)> _paid = [];
    private int _events;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Table_OfAnEpoch_IsWhatAllRawEventsBelowTheCutSay()
    {
        var models = Open("a");
        for (var epoch = 1; epoch <= 2; epoch++)
        {
            await HappenAsync(600);
            var served = Served(epoch);
            await HappenAsync(100); // behind the cut
            Assert.True(await models.StepAsync(served, default));
            Assert.Equal(epoch, models.Scoring.Current.Acceptors.Epoch);
            await AssertTableAsync(served, models.Scoring.Current.Acceptors);
            Assert.False(await models.StepAsync(served, default));
        }
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task Table_WhenMadeTwice_HasTheSameHash()
    {
        await HappenAsync(500);
        var served = Served(1);
        var (one, other) = (Open("a"), new FraudModels(_warehouse, new MemoryRunJournal(), new FraudFiles(Path.Combine(_folder.Path, "b"), new MemoryArtefacts(), Told), NoTraining, Told));
        await one.StepAsync(served, default);
        await other.StepAsync(served, default);
        Assert.Equal(one.Now.Tables[0], other.Now.Tables[0]);
    }

    [Fact]
    public async Task OtherNode_WhenATableIsPublished_StreamsItAndKeepsItOverARestart()
    {
        var (driver, other) = (Open("a"), Open("b"));
        await HappenAsync(300);
        await driver.StepAsync(Served(1), default);
        Assert.True(await other.RefreshAsync(default));
        Assert.Equal(((AcceptorFile)driver.Scoring.Current.Acceptors).Hash, ((AcceptorFile)other.Scoring.Current.Acceptors).Hash);
        Assert.Equal(1, Open("b").Scoring.Current.Acceptors.Epoch); // from its disk alone
        for (var epoch = 2; epoch < 7; epoch++)
        {
            await HappenAsync(50);
            await driver.StepAsync(Served(epoch), default);
            await other.RefreshAsync(default);
        }
        Assert.Equal(FraudPublication.TablesKept, _artefacts.All.Count);
        Assert.InRange(Directory.GetFiles(Path.Combine(_folder.Path, "b")).Length, 1, FraudPublication.TablesKept + 1);
        Assert.Empty(_errors);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("byte")]
    [InlineData("gone")]
    public async Task LocalCopy_WhenDamaged_IsToldAndStreamedAgain(string how)
    {
        var driver = Open("a");
        await HappenAsync(300);
        await driver.StepAsync(Served(1), default);
        Damage(Directory.GetFiles(Path.Combine(_folder.Path, "a")).Single(), how);
        var again = Open("a");
        Assert.Equal(0, again.Scoring.Current.Acceptors.Epoch);
        Assert.True(await again.RefreshAsync(default));
        Assert.Equal(1, again.Scoring.Current.Acceptors.Epoch);
        Assert.Equal(how == "gone" ? 0 : 1, _errors.Count);
    }

    [Fact]
    public async Task Table_WhenTheWarehousesCopyIsDamaged_LeavesTheLastGoodOne()
    {
        var (driver, other) = (Open("a"), Open("b"));
        await HappenAsync(300);
        await driver.StepAsync(Served(1), default);
        await other.RefreshAsync(default);
        await HappenAsync(300);
        await driver.StepAsync(Served(2), default);
        var (name, bytes) = _artefacts.All.Single(a => a.Key.Contains("_e2_"));
        bytes[20] ^= 4;
        Assert.False(await other.RefreshAsync(default));
        Assert.Equal(1, other.Scoring.Current.Acceptors.Epoch);
        Assert.Contains(_errors, e => e.Contains("SHA-256"));
        Assert.Equal(1, Fresh("c").Scoring.Current.Acceptors.Epoch); // one that starts now falls back likewise
        _artefacts.All.TryRemove(name, out _);
        Assert.False(await other.RefreshAsync(default));
        Assert.Contains(_errors, e => e.Contains("not in the warehouse"));

        FraudModels Fresh(string node)
        {
            var fresh = Open(node);
            Assert.False(fresh.RefreshAsync(default).GetAwaiter().GetResult());
            return fresh;
        }
    }

    [Fact]
    public async Task Decisions_WhenRecordedAsTheyWereSeen_AllMatchAndAChangedOneIsFound()
    {
        var models = Open("a");
        await HappenAsync(500);
        await models.StepAsync(Served(1), default);
        await DecideAsync(models.Scoring.Current.Acceptors, 150, wrong: false);
        await HappenAsync(50);
        await models.StepAsync(Served(2), default);
        Assert.InRange(models.Now.Check!.Decisions, 80, 150); // some of the customers were erased behind theirs
        Assert.Equal((0, 0), (models.Now.Check.Mismatches, models.Now.Check.WithoutTable));

        await DecideAsync(models.Scoring.Current.Acceptors, 20, wrong: false);
        var at = _next.ToArray();
        await DecideAsync(models.Scoring.Current.Acceptors, 1, wrong: true);
        var partition = Array.FindIndex(_next, n => n > at[Array.IndexOf(_next, n)]);
        await models.StepAsync(Served(3), default);
        Assert.Equal((21, 1), (models.Now.Check!.Decisions, models.Now.Check.Mismatches));
        Assert.Equal([$"{partition}:{_next[partition] - 1}"], models.Now.Check.First);
    }

    [Fact]
    public async Task Build_WhenTheWarehouseFails_PublishesNothingAndIsDoneLater()
    {
        var models = Open("a");
        await HappenAsync(100);
        _warehouse.Fault = (operation, moment) => operation == "fraud history" && moment == FaultMoment.After ? throw new IOException("away") : default;
        await Assert.ThrowsAsync<IOException>(() => models.StepAsync(Served(1), default));
        Assert.Equal(0, models.Scoring.Current.Acceptors.Epoch);
        _warehouse.Fault = null;
        Assert.True(await models.StepAsync(Served(1), default));
        Assert.Equal(1, models.Scoring.Current.Acceptors.Epoch);
    }

    /// <summary>A transaction may be dated ahead of the clock: nothing was known then.</summary>
    [Fact]
    public async Task Table_WhenTransactionsAreOfTheFuture_IsAsOfTheCut()
    {
        var models = Open("a");
        await HappenAsync(100);
        _takenAtMs = 1_000;
        Assert.True(await models.StepAsync(Served(1), default));
        Assert.Equal(1_000_000, Assert.IsType<AcceptorFile>(models.Scoring.Current.Acceptors).AsOfMicros);
    }

    [Fact]
    public void Reading_FromALargeTable_AllocatesNothing()
    {
        var (path, memory, random) = (Path.Combine(_folder.Path, "large"), new AcceptorFraudMemory(), new Random(1));
        ulong[] names = [.. Enumerable.Range(0, 20_000).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue)).Distinct().Order()];
        using (var writer = new AcceptorFileWriter(path, 9, 77))
        {
            foreach (var name in names)
            {
                memory.Clear();
                memory.Apply(name, (long)(name >> 20), false);
                writer.Add(name, memory);
            }
            Assert.Throws<ArgumentException>(() => writer.Add(names[^1], memory));
            writer.Complete();
        }
        var table = AcceptorFile.Open(path);
        foreach (var name in names) Assert.True(table.TryRead(name, memory));
        Assert.False(table.TryRead(names[7] + 1, memory));
        Assert.False(table.TryRead(0, memory));
        Assert.False(table.TryRead(ulong.MaxValue, memory));
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var name in names.AsSpan(0, 1_000)) table.TryRead(name, memory);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private FraudModels Open(string node) => new(_warehouse, _facts, new FraudFiles(Path.Combine(_folder.Path, node), _artefacts, Told), NoTraining, Told);

    private void Told(string what, Exception why) => _errors.Add($"{what}: {why.Message}");

    private long _takenAtMs = 4_000_000_000_000;

    private Publication Served(long epoch) => new(epoch, $"run-{epoch}", "d", new Cut(_next), [.. _next.Select(_ => _takenAtMs)], [], 0);

    private static void Damage(string path, string how)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 3] ^= 16;
        if (how == "gone") File.Delete(path);
        else File.WriteAllBytes(path, how == "cut" ? bytes[..^9] : bytes);
    }

    /// <summary>Payments out of order, logins, labels, repeats, erasures: of 12 customers at 7 terminals.</summary>
    private async Task HappenAsync(int events)
    {
        for (var i = 0; i < events; i++)
        {
            var customer = _random.Next(12);
            var id = _random.Next(15) == 0 ? _random.Next(_events + 1) : _events++;
            var json = _random.Next(12) switch
            {
                0 => Json(customer, $"l{id}", "login", "\"success\":false"),
                1 or 2 => Json(customer, $"f{id}", "fraud_label", $"\"transaction_id\":\"t{_paid.Where(t => t.Customer == customer).Select(t => t.Id).LastOrDefault(_ => _random.Next(5) == 0)}\",\"is_fraud\":true"),
                _ => Json(customer, $"t{id}", "transaction", Paid(id, customer)),
            };
            if (_random.Next(200) == 0) await PutAsync(customer, f => f.Erasure($"c{customer}"));
            else await PutAsync(customer, f => f.Json(json));
        }
    }

    private async Task DecideAsync(IAcceptorTable table, int count, bool wrong)
    {
        for (var i = 0; i < count; i++)
        {
            var (customer, id) = (_random.Next(12), _events++);
            var position = _next[customer % P];
            if (_random.Next(4) == 0) await PutAsync(customer, f => f.Json(Json(customer, $"x{id}", "login", "\"success\":false"))); // between position and record
            var fields = Fields(customer, $"t{id}", Paid(id, customer));
            var features = FraudRecompute.FeaturesOf([.. await OfAsync(customer)], FraudEvents.TransactionOf(FrameBuilder.RequestOf(fields)), position, table, 5);
            if (wrong) features[11] += 1;
            var judgement = new Judgement(i % 3 == 0 ? Decision.Decline : Decision.Approve, null, [], features) { Partition = customer % P, StateOffset = position, AcceptorsEpoch = table.Epoch, LabelDelayDays = 5 };
            await PutAsync(customer, f => f.Decided(fields, judgement));
        }
    }

    private async Task<List<FraudRecord>> OfAsync(int customer)
    {
        await foreach (var one in _warehouse.CustomersAsync(customer % P, long.MaxValue, DecisionsFrom.None, default))
            if (one.Span[0].Customer == FraudEvents.NameOf(System.Text.Encoding.UTF8.GetBytes($"c{customer}"))) return [.. one.Span];
        return [];
    }

    private string Paid(int id, int customer)
    {
        _paid.Add((customer, id));
        return $"\"amount_minor\":{(_random.Next(6) == 0 ? 90_000 : 1_000) + id % 100},\"currency\":\"EUR\",\"direction\":\"debit\",\"merchant_id\":\"m{_random.Next(4)}\"{(_random.Next(4) == 0 ? "" : $",\"terminal_id\":\"t{_random.Next(7)}\"")}";
    }

    private string Json(int customer, string id, string type, string fields) => $$"""{"type":"{{type}}","status":"approved",{{Fields(customer, id, fields)}}}""";

    private string Fields(int customer, string id, string fields)
    {
        var at = T0 + _events * 3_600_000L - _random.Next(4) * 40_000_000L;
        return $"\"event_id\":\"{id}\",\"customer_id\":\"c{customer}\",\"occurred_at\":\"{DateTime.UnixEpoch.AddMilliseconds(at).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)}\",{fields}";
    }

    private async Task PutAsync(int customer, Func<FrameBuilder, FrameBuilder> add)
    {
        var p = customer % P;
        var frame = add(new FrameBuilder(p, _next[p], T0)).Build();
        _next[p]++;
        await _warehouse.InsertAsync([frame], default);
    }

    /// <summary>The plainest way: everybody's distinct transactions, put into order, one list for each acceptor.</summary>
    private async Task AssertTableAsync(Publication served, IAcceptorTable table)
    {
        var visits = new List<(FraudTransaction Transaction, int Partition, long Offset, bool IsUnusual, bool IsFraud)>();
        for (var p = 0; p < P; p++)
            await foreach (var customer in _warehouse.CustomersAsync(p, served.Cut[p], DecisionsFrom.None, default))
            {
                var (records, memory) = (customer.ToArray(), new CustomerFraudMemory());
                foreach (var record in records)
                {
                    var isUnusual = memory.Apply(record.Event);
                    if (record.Event.Kind != FraudEventKind.Transaction) continue;
                    visits.Add((record.Event.Transaction, p, record.Offset, isUnusual, records.Any(r => r.Event.Kind == FraudEventKind.Label && r.Event.Of == record.Event.Transaction.Id)));
                }
            }
        Assert.True(visits.Count(v => v.IsFraud) > 5 && visits.Count(v => v.IsUnusual) > 20, $"{visits.Count} visits");
        foreach (var acceptor in visits.Where(v => v.Transaction.Acceptor != 0).GroupBy(v => v.Transaction.Acceptor))
        {
            var (expected, found) = (new AcceptorFraudMemory(), new AcceptorFraudMemory());
            var ordered = acceptor.OrderBy(v => v.Transaction.AtMicros).ThenBy(v => v.Partition).ThenBy(v => v.Offset).ToList();
            foreach (var v in ordered) expected.Apply(v.Transaction.Id, v.Transaction.AtMicros, v.IsUnusual);
            foreach (var v in ordered.Where(v => v.IsFraud).Reverse()) expected.ApplyFraud(v.Transaction.Id, v.Transaction.AtMicros, v.IsUnusual); // whenever
            Assert.True(table.TryRead(acceptor.Key, found));
            Assert.Equal(visits.Max(v => v.Transaction.AtMicros), found.AsOfMicros);
            expected.AsOfMicros = found.AsOfMicros;
            foreach (var v in ordered.TakeLast(9))
            {
                var (one, other) = (new float[FraudFeatures.Count], new float[FraudFeatures.Count]);
                FraudFeatures.ComputeAcceptor(v.Transaction.AtMicros + 86_400_000_000, expected, 7, one);
                FraudFeatures.ComputeAcceptor(v.Transaction.AtMicros + 86_400_000_000, found, 7, other);
                Assert.Equal(one, other);
            }
        }
        Assert.Equal(visits.Where(v => v.Transaction.Acceptor != 0).Select(v => v.Transaction.Acceptor).Distinct().Count(), ((AcceptorFile)table).Count);
    }
}
