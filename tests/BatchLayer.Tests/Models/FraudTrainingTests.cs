using System.Globalization;
using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Models.Fraud;
using Lambda.BatchLayer.Models.Fraud.Nightly;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Log;
using Lambda.TestKit;
using Lambda.TestKit.Events;
using Xunit;

namespace Lambda.BatchLayer.Tests.Models;

/// <summary>The nightly model: from raw events to champion and challenger.</summary>
public sealed class FraudTrainingTests : IDisposable
{
    private const int Days = 50;
    private const long Day = Clock.MicrosPerDay;
    private static readonly int FirstDay = new DateOnly(2026, 1, 1).DayNumber - new DateOnly(1970, 1, 1).DayNumber;
    private static readonly FraudTraining Settings = new(TrainDays: 14) { Trees = new TrainingOptions(Seeds: 2, Trees: 20) };

    private readonly MemoryWarehouse _warehouse = new();
    private readonly MemoryRunJournal _facts = new();
    private readonly MemoryArtefacts _artefacts = new();
    private readonly TempFolder _folder = new();
    private readonly List<string> _errors = [];
    private readonly List<(FraudTransaction Transaction, bool IsFraud)> _all = [];
    private readonly Random _random = new(3);
    private int _customers = 500, _perDay = 300;
    private long _next;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Vectors_OfRawEvents_AreThoseOfTheBacktestOnTheSameFile()
    {
        (_customers, _perDay) = (60, 160);
        await HappenAsync(0, Days, frauds: true);
        var (from, until) = (FirstDay + 20, FirstDay + Days);
        var history = new LabelledHistory(_all.Select(t => (t.Transaction, "", t.IsFraud)));
        var table = FeatureTable.Of(history, 7, from, until, default);
        using var vectors = new NightlyVectors(from, until, 7, 1_000_000, Path.Combine(_folder.Path, "v"));
        await foreach (var customer in _warehouse.CustomersAsync(0, long.MaxValue, DecisionsFrom.None, default)) vectors.Add(0, customer.Span);
        vectors.Complete(default);
        var (rows, same) = FeatureTable.Of(vectors);
        var expected = history.RowsOf(from, until).ToList();
        Assert.Equal(expected.Count, vectors.Count);
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.True(table[expected[i]].SequenceEqual(same[i]), $"row {i}");
            Assert.Equal(history.IsFraud[expected[i]], rows.IsFraud[i]);
        }
        Assert.True(rows.IsFraud.Count(f => f) > 50);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Vectors_AgainstAPlainWalkThroughTime_SeeOnlyWhatTheNewestTableHad(int tablesPerDay)
    {
        (_customers, _perDay) = (60, 160);
        await HappenAsync(0, 30, frauds: true);
        var table = FeatureTable.Of(new LabelledHistory(_all.Select(t => (t.Transaction, "", t.IsFraud))), 7, FirstDay + 15, FirstDay + 30, default, tablesPerDay);
        var (history, compared) = (new LabelledHistory(_all.Select(t => (t.Transaction, "", t.IsFraud))), 0);
        foreach (var row in history.RowsOf(FirstDay + 15, FirstDay + 30).Where(r => r % 23 == 0))
        {
            var (now, customer, acceptor, unusual) = (history.Transactions[row], new CustomerFraudMemory(), new AcceptorFraudMemory(), new Dictionary<ulong, bool>());
            var made = now.AtMicros / (Day / tablesPerDay) * (Day / tablesPerDay);
            for (var i = 0; i < row; i++) // everybody's, to know what was unusual
                if (history.Transactions[i].Acceptor == now.Acceptor && history.Transactions[i].AtMicros < made) unusual[history.Transactions[i].Id] = Unusual(history, i);
            foreach (var i in Enumerable.Range(0, row).Where(i => unusual.ContainsKey(history.Transactions[i].Id))) acceptor.Apply(history.Transactions[i].Id, history.Transactions[i].AtMicros, unusual[history.Transactions[i].Id]);
            foreach (var i in Enumerable.Range(0, row).Where(i => history.IsFraud[i] && unusual.ContainsKey(history.Transactions[i].Id) && history.Transactions[i].AtMicros + 7 * Day < made))
                acceptor.ApplyFraud(history.Transactions[i].Id, history.Transactions[i].AtMicros, unusual[history.Transactions[i].Id]);
            acceptor.AsOfMicros = made;
            foreach (var (_, it) in Told(history, row).OrderBy(t => t.At)) customer.Apply(it);
            var expected = new float[FraudFeatures.Count];
            FraudFeatures.Compute(now, customer, acceptor, 7, expected);
            for (var f = 0; f < expected.Length; f++) Assert.True(expected[f].Equals(table[row][f]), $"row {row}, {FraudFeatures.All[f].Name}: {table[row][f]}, expected {expected[f]}");
            compared++;
        }
        Assert.True(compared > 50, $"{compared}");
    }

    [Fact]
    public async Task FirstModel_WhenItFindsFraud_DecidesAndIsTheSameOnEveryNodeAndEveryTime()
    {
        await HappenAsync(0, Days, frauds: true);
        var models = Open("a");
        await NightAsync(models, 1);
        Assert.Equal((1L, "first"), (models.Now.Models[0].PromotedEpoch, models.Now.Models[0].PromotedBy));
        Assert.Equal(models.Now.Champion, models.Scoring.Current.Champion!.Hash);
        Assert.Null(models.Scoring.Current.Challenger);
        Assert.True(models.Now.Models[0].Tested.AveragePrecision > 0.3, $"{models.Now.Models[0].Tested}");
        Assert.Equal(FirstDay + Days - 1 - 21, models.Scoring.Current.Champion.Model.CutDay); // two delays and the test behind it
        var (other, again) = (Open("b"), new FraudModels(_warehouse, new MemoryRunJournal(), new FraudFiles(Path.Combine(_folder.Path, "c"), new MemoryArtefacts(), Failed), Settings, Failed));
        Assert.True(await other.RefreshAsync(default));
        await NightAsync(again, 1);
        Assert.Equal((models.Now.Champion, models.Now.Champion), (other.Scoring.Current.Champion!.Hash, again.Now.Champion));
        Assert.Equal(models.Now.Champion, Open("b").Scoring.Current.Champion!.Hash); // from its disk
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task Challenger_AfterANightInShadow_FollowsWhenItIsNotWorse()
    {
        await HappenAsync(0, Days, frauds: true);
        var models = Open("a");
        await NightAsync(models, 1);
        var first = models.Now.Champion;
        await HappenAsync(Days, 1, frauds: true);
        await NightAsync(models, 2);
        var second = models.Now.Challenger;
        Assert.Equal(first, models.Now.Champion);
        Assert.NotNull(second);
        Assert.Equal(second, models.Scoring.Current.Challenger!.Hash);
        Assert.NotNull(models.Now.Drift);
        await HappenAsync(Days + 1, 1, frauds: true);
        await NightAsync(models, 3);
        var (champion, challenger) = (models.Now.Model(first)!, models.Now.Model(second));
        var follows = challenger?.Judged is { } its && its.AveragePrecision >= champion.Judged!.AveragePrecision - Succession.Tolerance && its.Auc >= champion.Judged.Auc - Succession.Tolerance;
        Assert.Equal(follows ? second : first, models.Now.Champion);
        Assert.Equal(first, models.Promote(first![..12])); // back, by hand
        Assert.Null(models.Promote("zz"));
        await models.RefreshAsync(default);
        Assert.Equal(first, models.Scoring.Current.Champion!.Hash);
        Assert.Equal(first, (await models.ModelAsync(first!, default))!.Hash);
    }

    /// <summary>An analyst confirmed fraud and then thought better of it.</summary>
    [Fact]
    public async Task Labels_WhenTakenBack_TeachNobody()
    {
        await HappenAsync(0, Days, frauds: true, takenBack: true);
        var models = Open("a");
        await NightAsync(models, 1);
        Assert.Null(models.Now.Champion);
        Assert.StartsWith("0 transactions", models.Now.Failure);
        var (memory, vector, day) = (new AcceptorFraudMemory(), new float[FraudFeatures.Count], (FirstDay + Days) * Day);
        for (var t = 0; t < 40; t++)
        {
            Assert.True(models.Scoring.Current.Acceptors.TryRead(FraudEvents.NameOf(System.Text.Encoding.UTF8.GetBytes($"t{t}")), memory));
            FraudFeatures.ComputeAcceptor(day, memory, 0, vector);
            foreach (var (f, feature) in FraudFeatures.All.Index()) if (feature.Name.Contains("frauds", StringComparison.Ordinal) && feature.Name.StartsWith("acceptor", StringComparison.Ordinal)) Assert.Equal(0, vector[f]);
        }
    }

    [Fact]
    public async Task Training_WithTooFewFrauds_KeepsWhatIsThereAndSaysWhy()
    {
        await HappenAsync(0, Days, frauds: false);
        var models = Open("a");
        await NightAsync(models, 1);
        Assert.Null(models.Now.Champion);
        Assert.Contains("at least 30", models.Now.Failure);
        Assert.Equal((1L, 1L), (models.Scoring.Current.Acceptors.Epoch, models.Now.TrainedEpoch));
        Assert.False(await models.StepAsync(Served(1), default)); // not again and again
    }

    [Fact]
    public async Task Champion_WhenItsFilesAreDamaged_IsTheLastGoodOne()
    {
        await HappenAsync(0, Days, frauds: true);
        var models = Open("a");
        await NightAsync(models, 1);
        var first = models.Now.Champion!;
        await HappenAsync(Days, 1, frauds: true);
        await NightAsync(models, 2);
        var second = models.Promote(models.Now.Challenger!)!;
        foreach (var (name, bytes) in _artefacts.All)
            if (name == models.Now.Model(second)!.Name) bytes[bytes.Length / 2] ^= 1;
        var other = Open("b");
        Assert.False(await other.RefreshAsync(default));
        Assert.Equal(first, other.Scoring.Current.Champion!.Hash);
        Assert.Contains(_errors, e => e.Contains(models.Now.Model(second)!.Name));
        await models.RefreshAsync(default);
        Assert.Equal(second, models.Scoring.Current.Champion!.Hash); // here it had been loaded before
    }

    [Fact]
    public void Succession_ByWhatWasJudged_IsTheStatedRule()
    {
        static FraudModelRef Of(string hash) => new(hash, 1, 0, 1, 7, 1, 1, new Quality(0.8, 0.5, 0.1));
        var now = FraudPublication.None with { Epoch = 2, Champion = "a", Challenger = "b", Models = [Of("b"), Of("a") with { PromotedEpoch = 1 }] };
        Assert.Equal("b", After(0.801, 0.496));
        Assert.Equal("a", After(0.801, 0.494));
        Assert.Equal("a", After(0.794, 0.6));
        Assert.Equal("a", Succession.After(now, new TrainedNight(null!, new Dictionary<string, Quality> { ["a"] = new(0.8, 0.5, 0) }, null), Of("c")).Champion); // the challenger could not be judged
        var kept = Succession.After(now, new TrainedNight(null!, new Dictionary<string, Quality>(), null), Of("c"));
        Assert.Equal(["c", "a"], kept.Models.Select(m => m.Hash)); // one that never decided is forgotten

        var usable = Succession.After(now, new TrainedNight(null!, new Dictionary<string, Quality>(), null) { HasNoRival = true }, Of("c")); // both are of another version's features
        Assert.Equal(("c", null), (usable.Champion, usable.Challenger));
        Assert.Equal("b", Succession.After(now, new TrainedNight(null!, new Dictionary<string, Quality> { ["b"] = new(0.8, 0.5, 0) }, null), Of("c")).Champion);

        string? After(double auc, double precision) =>
            Succession.After(now, new TrainedNight(null!, new Dictionary<string, Quality> { ["a"] = new(0.8, 0.5, 0), ["b"] = new(auc, precision, 0) }, null), Of("c")).Champion;
    }

    [Fact]
    public void Psi_WhenNothingMoved_IsZeroAndWhenMuchDid_IsAboveAQuarter()
    {
        var random = new Random(1);
        float[] then = [.. Enumerable.Range(0, 10_000).Select(_ => random.Next(4) == 0 ? 0 : (float)random.NextDouble())];
        var distribution = FeatureDistribution.Of((float[])then.Clone());
        Assert.True(PsiOf(then) < 1e-9);
        Assert.InRange(PsiOf([.. Enumerable.Range(0, 2_000).Select(_ => random.Next(4) == 0 ? 0 : (float)random.NextDouble())]), 0, 0.05);
        Assert.True(PsiOf([.. then.Select(v => v * 0.6f)]) > 0.25);
        Assert.Single(FeatureDistribution.Of([5, 5, 5]).Shares);

        double PsiOf(float[] now)
        {
            var counts = new long[distribution.Shares.Count];
            foreach (var value in now) counts[distribution.BinOf(value)]++;
            return distribution.Psi(counts);
        }
    }

    [Fact]
    public async Task Vectors_OfMoreThanTheBound_AreAnEvenSampleWithTheSameValues()
    {
        (_customers, _perDay) = (60, 160);
        await HappenAsync(0, 30, frauds: true);
        using var all = await VectorsAsync(1_000_000);
        using var some = await VectorsAsync(1_000);
        Assert.InRange(some.Count, 300, 1_000);
        var index = all.Index();
        for (var i = 0; i < some.Count; i++) Assert.True(some[i].SequenceEqual(all[index[(0, some.Row(i).Offset)]]));

        async Task<NightlyVectors> VectorsAsync(int max)
        {
            var vectors = new NightlyVectors(FirstDay + 5, FirstDay + 30, 7, max, Path.Combine(_folder.Path, $"v{max}"));
            await foreach (var customer in _warehouse.CustomersAsync(0, long.MaxValue, DecisionsFrom.None, default)) vectors.Add(0, customer.Span);
            vectors.Complete(default);
            return vectors;
        }
    }

    private static bool Unusual(LabelledHistory history, int row)
    {
        var memory = new CustomerFraudMemory();
        for (var i = 0; i < row; i++)
            if (history.Transactions[i].Customer == history.Transactions[row].Customer) memory.Apply(FraudEvent.Paid(history.Transactions[i]));
        return memory.Apply(FraudEvent.Paid(history.Transactions[row]));
    }

    /// <summary>What the customer's memory was told before a row, in time: a fraud a week after it happened.</summary>
    private static IEnumerable<(long At, FraudEvent It)> Told(LabelledHistory history, int row)
    {
        for (var i = 0; i < row; i++)
        {
            var it = history.Transactions[i];
            if (it.Customer != history.Transactions[row].Customer) continue;
            yield return (it.AtMicros, FraudEvent.Paid(it));
            if (history.IsFraud[i] && it.AtMicros + 7 * Day <= history.Transactions[row].AtMicros) yield return (it.AtMicros + 7 * Day, FraudEvent.Labelled(it.Id, 0));
        }
    }

    private FraudModels Open(string node) => new(_warehouse, _facts, new FraudFiles(Path.Combine(_folder.Path, node), _artefacts, Failed), Settings, Failed);

    private void Failed(string what, Exception why) => _errors.Add($"{what}: {why.Message}");

    private Publication Served(long epoch) => new(epoch, $"run-{epoch}", "d", new Cut([_next]), [0], [], 0);

    /// <summary>Table, then model.</summary>
    private async Task NightAsync(FraudModels models, long epoch)
    {
        Assert.True(await models.StepAsync(Served(epoch), default));
        Assert.True(await models.StepAsync(Served(epoch), default));
        Assert.False(await models.StepAsync(Served(epoch), default));
    }

    /// <summary>Frauds are five times as high, or of a terminal's bad week; their labels come at once, which must not help.</summary>
    private async Task HappenAsync(int day, int days, bool frauds, bool takenBack = false)
    {
        var frame = new FrameBuilder(0, _next, 1);
        for (var i = 0; i < days * _perDay; i++)
        {
            var at = (FirstDay + day) * Day + i * (Day / _perDay);
            var (customer, terminal, id) = (_random.Next(_customers), _random.Next(40), $"t{_next}");
            var isBad = frauds && terminal == day + i / _perDay / 7 % 40;
            var isFraud = frauds && (isBad || _random.Next(60) == 0);
            var amount = (1_000 + customer % 60 * 10) * (80 + _random.Next(40)) / 100 * (isFraud && !isBad ? 5 : 1);
            Add("transaction", id, at, $"\"amount_minor\":{amount},\"currency\":\"EUR\",\"direction\":\"debit\",\"status\":\"approved\",\"terminal_id\":\"t{terminal}\"");
            _all.Add((new FraudTransaction(FraudEvents.NameOf(System.Text.Encoding.UTF8.GetBytes(id)), at, amount)
            {
                Customer = FraudEvents.NameOf(System.Text.Encoding.UTF8.GetBytes($"c{customer}")), Terminal = FraudEvents.NameOf(System.Text.Encoding.UTF8.GetBytes($"t{terminal}")),
            }, isFraud));
            if (isFraud) Add("fraud_label", $"f{id}", at, $"\"transaction_id\":\"{id}\",\"is_fraud\":true");
            if (isFraud && takenBack) Add("fraud_label", $"g{id}", at + 1, $"\"transaction_id\":\"{id}\",\"is_fraud\":false");

            void Add(string type, string name, long when, string fields)
            {
                frame.Json($$"""{"type":"{{type}}","event_id":"{{name}}","customer_id":"c{{customer}}","occurred_at":"{{DateTime.UnixEpoch.AddMicroseconds(when).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture)}}",{{fields}}}""");
                _next++;
            }
        }
        await _warehouse.InsertAsync([frame.Build()], default);
    }
}
