using System.Globalization;
using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;
using Lambda.TestKit.Events;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every warehouse must tell of raw events to the fraud part of the batch layer.</summary>
public abstract class FraudHistorySuite : WarehouseSuite
{
    protected abstract IFraudHistory History { get; }

    [SkippableFact]
    public async Task Customers_OfRandomEvents_AreWhatTheirLogSays()
    {
        var memory = new MemoryWarehouse();
        for (var seed = 0; seed < 3; seed++)
        {
            var frame = Frame(seed, 0);
            var random = new Random(seed);
            for (var i = 0; i < 400; i++) Any(frame, random);
            await InsertAsync(frame);
            await memory.InsertAsync([frame.Build()], None);
            foreach (var cut in new[] { 150L, 400L })
            {
                Assert.Equal((await memory.TakenBackAsync(seed, cut, None)).Order(), (await History.TakenBackAsync(seed, cut, None)).Order());
                foreach (var decisions in new[] { DecisionsFrom.None, DecisionsFrom.All, new DecisionsFrom(100, T0 + 300_000_000) })
                    Assert.Equal(await AllAsync(memory, seed, cut, decisions), await AllAsync(History, seed, cut, decisions));
            }
        }
        var whole = new Cut([400, 0, 0]);
        Assert.NotNull(await memory.NewestTransactionAsync(whole, None));
        Assert.Equal(await memory.NewestTransactionAsync(whole, None), await History.NewestTransactionAsync(whole, None));
    }

    [SkippableFact]
    public async Task Customers_WithRepeatsAndAnErasure_AreFirstCopiesBehindIt()
    {
        await InsertAsync(Frame(0, 10)
            .Purchase("ada", "1", T0, 100).Purchase("bob", "1", T0, 7) // an id is the customer's own
            .Erasure("ada")
            .Purchase("ada", "2", T0 + 5, 200).Purchase("ada", "1", T0, 300).Purchase("ada", "2", T0 + 5, 999)
            .Json($$"""{"event_id":"3","customer_id":"ada","type":"login","occurred_at":"2023-11-14T22:13:20Z","success":true}""")
            .Purchase("ada", "3", T0, 400)); // a repeat of an event of another type
        Assert.Equal([("ada", 13, 200), ("ada", 14, 300), ("bob", 11, 7)],
            (await AllAsync(History, 0, 100, DecisionsFrom.None)).Select(r => (r.Customer == FraudEvents.NameOf("ada"u8) ? "ada" : "bob", (int)r.Offset, (int)r.Event.Transaction.AmountMinor)).Order());
        Assert.Equal([10, 11], (await AllAsync(History, 0, 12, DecisionsFrom.None)).Select(r => (int)r.Offset).Order());
        Assert.Null(await History.NewestTransactionAsync(new Cut([10]), None));
    }

    [SkippableFact]
    public async Task Decision_WhenRecorded_ComesWithItsTransaction()
    {
        var features = Enumerable.Range(0, FraudFeatures.Count).Select(i => i / 3f).ToArray();
        var judgement = new Judgement(Decision.Review, 0.25, [], features) { Model = "abc", AcceptorsEpoch = 3, LabelDelayDays = 5, StateOffset = 17 };
        await InsertAsync(Frame(0, 0).Decided(Asked("a"), judgement).Decided(Asked("b"), judgement with { Features = [1, 2, 3] }).Decided(Asked("a"), judgement));
        var found = await FirstAsync(History, 0, 10);
        Assert.Equal([true, false], found.OrderBy(r => r.Offset).Select(r => r.Decision is not null)); // of other features: of another version
        var decision = found.Single(r => r.Decision is not null).Decision!;
        Assert.Equal((17L, 3L, 5, 0.25, "abc"), (decision.StateOffset, decision.AcceptorsEpoch, decision.LabelDelayDays, decision.Score, decision.Model));
        Assert.Equal(features, decision.Features);
        Assert.All(found, r => Assert.Contains("\"decision\":\"review\"", System.Text.Encoding.UTF8.GetString(r.Body.Span), StringComparison.Ordinal));
        Assert.All(await AllAsync(History, 0, 10, new DecisionsFrom(1, 0)), r => Assert.Null(r.Decision));
    }

    [SkippableFact]
    public async Task Labels_TakenBack_AreThoseWhoseLastSaysNo()
    {
        await InsertAsync(Frame(0, 0).Json(Label("1", "a", true, 1)).Json(Label("2", "a", false, 2)) // taken back
            .Json(Label("3", "b", false, 3)).Json(Label("4", "b", true, 2)) // came late: what occurred last holds
            .Json(Label("5", "c", false, 1)) // never was
            .Json(Label("6", "d", false, 1)).Json(Label("7", "d", true, 2)).Json(Label("7", "d", false, 3)) // a repeat of an id says nothing
            .Json(Label("8", "e", true, 1)).Json(Label("9", "e", false, 2)).Json(Label("10", "e", true, 3)));
        Assert.Equal([.. new[] { "a", "b" }.Select(t => (FraudEvents.NameOf("ada"u8), FraudEvents.NameOf(System.Text.Encoding.UTF8.GetBytes(t)))).Order()], (await History.TakenBackAsync(0, 100, None)).Order());
        Assert.Empty(await History.TakenBackAsync(0, 1, None));

        static string Label(string id, string of, bool isFraud, int second) =>
            $$"""{"event_id":"{{id}}","customer_id":"ada","type":"fraud_label","occurred_at":"2023-11-14T22:13:0{{second}}Z","transaction_id":"{{of}}","is_fraud":{{(isFraud ? "true" : "false")}} }""";
    }

    [SkippableFact]
    public async Task Decisions_OfASpan_AreThoseMadeInIt()
    {
        var judgement = new Judgement(Decision.Approve, null, [], new float[FraudFeatures.Count]);
        await InsertAsync(Frame(0, 0).Decided(Asked("a"), judgement with { DecidedAtMicros = 1_000 }).Decided(Asked("b"), judgement with { DecidedAtMicros = 2_000 }).Decided(Asked("c"), judgement with { DecidedAtMicros = 3_000 }));
        await foreach (var customer in History.CustomersAsync(0, 10, DecisionsFrom.All with { DecidedFromMicros = 1_001, DecidedToMicros = 3_000 }, None))
            Assert.Equal([null, 2_000L, null], customer.ToArray().OrderBy(r => r.Offset).Select(r => r.Decision?.DecidedAtMicros));
    }

    private static string Asked(string id) => $$"""
        "event_id":"{{id}}","customer_id":"ada","occurred_at":"2023-11-14T22:13:20Z","amount_minor":5,"currency":"EUR","direction":"debit"
        """.Trim();

    private static async Task<List<FraudRecord>> AllAsync(IFraudHistory history, int partition, long cut, DecisionsFrom decisions)
    {
        var customers = new List<FraudRecord[]>();
        await foreach (var customer in history.CustomersAsync(partition, cut, decisions, None))
        {
            Assert.Equal(customer.ToArray().Select(r => r.Offset).Order(), customer.ToArray().Select(r => r.Offset));
            Assert.Single(customer.ToArray().Select(r => r.Customer).Distinct());
            customers.Add([.. customer.Span.ToArray().Select(r => r with { Decision = r.Decision is null ? null : Plain(r.Decision), Body = default })]);
        }
        return [.. customers.OrderBy(c => c[0].Customer).SelectMany(c => c)];
    }

    /// <summary>Without its lists, which are compared by reference.</summary>
    private static Judgement Plain(Judgement it) => new(it.Decision, it.Score, [], []) { AcceptorsEpoch = it.AcceptorsEpoch, StateOffset = it.StateOffset, LabelDelayDays = it.LabelDelayDays };

    private static async Task<FraudRecord[]> FirstAsync(IFraudHistory history, int partition, long cut)
    {
        await foreach (var customer in history.CustomersAsync(partition, cut, DecisionsFrom.All, None)) return customer.ToArray();
        return [];
    }

    private static void Any(FrameBuilder frame, Random random)
    {
        var (customer, id) = ($"c{random.Next(9)}", $"e{random.Next(300)}");
        var head = $"\"event_id\":\"{id}\",\"customer_id\":\"{customer}\",\"occurred_at\":\"{DateTime.UnixEpoch.AddMilliseconds(T0Ms + random.Next(1_000_000)).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)}\"";
        switch (random.Next(12))
        {
            case 0 when random.Next(6) == 0: frame.Erasure(customer); break;
            case 0 or 1: frame.Json($$"""{ {{head}},"type":"login","success":{{(random.Next(2) == 0 ? "true" : "false")}} }"""); break;
            case 2: frame.Json($$"""{ {{head}},"type":"app_event","name":"{{(random.Next(3) switch { 0 => "credential_changed", 1 => "address_changed", _ => "screen_view" })}}"}"""); break;
            case 3: frame.Json($$"""{ {{head}},"type":"profile"{{Field("email", $"e{random.Next(3)}@example.org")}}{{Field("phone_number", $"+4912345678{random.Next(3)}")}}{{Field("country", "DE")}}{{Field("city", $"Ort {random.Next(3)}")}} }"""); break;
            case 4: frame.Json($$"""{ {{head}},"type":"fraud_label","transaction_id":"e{{random.Next(300)}}","is_fraud":{{(random.Next(3) == 0 ? "false" : "true")}} }"""); break;
            case 5: frame.Json($$"""{ {{head}},"type":"reward","reward_action":"earn","points":5}"""); break;
            default:
                var place = random.Next(2) == 0 ? $",\"lat\":{random.Next(-89, 90)}.123456,\"lon\":{random.Next(-179, 180)}.5" : random.Next(3) == 0 ? ",\"lat\":1.5" : "";
                var fields = $"{head},\"amount_minor\":{random.Next(100_000)},\"currency\":\"EUR\",\"direction\":\"debit\"{Field("merchant_id", $"m{random.Next(5)}")}{Field("terminal_id", $"tür{random.Next(5)}")}{Field("country", "AT")}{Field("device_id", $"d{random.Next(5)}")}{Field("channel", "pos")}{place}";
                if (random.Next(3) == 0) frame.Decided(fields, new Judgement(random.Next(2) == 0 ? Decision.Decline : Decision.Approve, null, [], new float[FraudFeatures.Count]) { StateOffset = random.Next(100) });
                else frame.Json($"{{{fields},\"type\":\"transaction\",\"status\":\"{(random.Next(3) == 0 ? "declined" : "approved")}\"}}");
                break;
        }

        string Field(string name, string value) => random.Next(3) == 0 ? "" : $",\"{name}\":\"{value}\"";
    }
}
