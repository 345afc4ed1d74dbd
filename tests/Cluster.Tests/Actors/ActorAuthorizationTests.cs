#if CLUSTER_RUNTIME
using System.Text;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.SpeedLayer.Authorizations;
using Xunit;

namespace Lambda.ClusterTests.Actors;

/// <summary>The desk of an actor partition and the one of an embedded partition over one log: each overtakes the other, and both answer what the log says first.</summary>
public sealed class ActorAuthorizationTests
{
    private const int Customers = 3, Ids = 40, Steps = 160;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Authorizations_OfBothRuntimes_AreTheLogsFirst(int seed)
    {
        await using var twin = new Twin((ulong)seed, checkpointRecords: 50);
        await twin.AppendAsync(30);
        await twin.CatchUpAsync();
        var random = new Random(seed);
        var asked = new List<(string Customer, string Id, long Amount, Task<AuthorizationOutcome> Answer)>();
        for (var i = 0; i < Steps; i++)
        {
            var (customer, id, amount) = ($"c{random.Next(Customers)}", $"t{random.Next(Ids)}", 100L + random.Next(2));
            var request = new AuthorizationRequest(CustomerId.From(customer), Record(customer, id, amount, twin.NowMs), [], CardStanding.Active, 60_000);
            switch (random.Next(8))
            {
                case 0: await twin.AppendAsync(3); break;
                case 1: twin.Plain.Step(1_000); break;
                case 2 when random.Next(4) == 0: await twin.Actors.CheckpointAsync(); break;
                case <= 4: asked.Add((customer, id, amount, AskPlain(twin, request))); break;
                default: asked.Add((customer, id, amount, AskActorsAsync(twin, request))); break;
            }
        }
        await twin.CatchUpAsync();
        for (var settled = 0; settled < 50 && asked.Any(a => !a.Answer.IsCompleted); settled++) await twin.CatchUpAsync(); // what waited for its turn appends anew
        Check(Events(twin), [.. asked.Select(a => (a.Customer, a.Id, a.Amount, a.Answer.WaitAsync(TimeSpan.FromSeconds(30))))]);
    }

    private static async Task<AuthorizationOutcome> AskActorsAsync(Twin twin, AuthorizationRequest request) => (await twin.Actors.AskAsync<Authorized>(new Authorize(0, request))).Outcome();

    private static Task<AuthorizationOutcome> AskPlain(Twin twin, AuthorizationRequest request)
    {
        var answer = new TaskCompletionSource<AuthorizationOutcome>();
        twin.Plain.Authorize(new Asked(request, long.MaxValue, answer.SetResult));
        return answer.Task;
    }

    private static void Check(List<EventRow> events, List<(string Customer, string Id, long Amount, Task<AuthorizationOutcome> Answer)> asked)
    {
        var first = events.GroupBy(e => (Text(e.CustomerId), Text(e.EventId))).ToDictionary(g => g.Key, g => g.First());
        var decided = 0;
        foreach (var (customer, id, amount, answer) in asked)
        {
            var winner = first[(customer, id)];
            var isSame = winner.Number(EventCatalog.AmountMinor.Ordinal) == amount;
            if (answer.GetAwaiter().GetResult() is not AuthorizationOutcome.Decided it)
            {
                Assert.False(isSame, $"{id} of {customer}: {answer.Result}");
                continue;
            }
            decided++;
            Assert.True(isSame && it.At!.Value.Offset == winner.Offset, $"{id} of {customer} was answered by {it.At}, the first is at {winner.Offset}");
            Assert.Equal(Features(events, winner, it.Judgement), it.Judgement.Features);
        }
        Assert.True(decided > 40, $"{decided} of {asked.Count} were decided");
    }

    private static float[] Features(List<EventRow> events, EventRow row, Judgement recorded)
    {
        var (memory, seen, vector) = (new CustomerFraudMemory(), new HashSet<string>(), new float[FraudFeatures.Count]);
        foreach (var it in events.Where(e => e.Offset < recorded.StateOffset && e.CustomerId.SequenceEqual(row.CustomerId)))
            if (seen.Add(Text(it.EventId)) && FraudEvents.TryOf(it, out var fraud)) memory.Apply(fraud);
        FraudFeatures.Compute(FraudEvents.TransactionOf(row), memory, null, recorded.LabelDelayDays, vector);
        return vector;
    }

    private static byte[] Record(string customer, string id, long amount, long nowMs)
    {
        var json = $$"""{"type":"transaction","status":"approved","event_id":"{{id}}","customer_id":"{{customer}}","card_token":"tok","direction":"debit","amount_minor":{{amount}},"currency":"EUR","occurred_at":"2023-11-14T00:00:00Z"}""";
        return new EventParser().TryParse(Encoding.UTF8.GetBytes(json), nowMs * Clock.MicrosPerMs, out var record, out var why) ? record.ToArray() : throw new InvalidOperationException($"{why}");
    }

    private static List<EventRow> Events(Twin twin)
    {
        var all = new List<EventRow>();
        foreach (var frame in twin.Log.Read(0, 0, int.MaxValue))
            foreach (var (offset, record) in frame)
            {
                if (RecordCodec.KindOf(record.Span) != RecordKind.Event) continue;
                var row = new EventRow { Offset = offset };
                RecordCodec.Read(record.ToArray(), row);
                all.Add(row);
            }
        return all;
    }

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
#endif
