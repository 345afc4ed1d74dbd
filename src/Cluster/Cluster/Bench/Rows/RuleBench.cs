using System.Diagnostics;
using System.Text;
using Lambda.Cluster.Fraud;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Rules;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>The rules that come with Lambda, asked about ordinary transactions and such as they object to.</summary>
internal static class RuleBench
{
    private const int Judged = 20_000;

    public static IEnumerable<BenchRow> Rows(BenchContext context)
    {
        var rules = FraudRuleBook.ReadFile(FraudRuleBook.DefaultFile());
        var (row, memory, vector) = (Transaction(), new CustomerFraudMemory(), new float[FraudFeatures.Count]);
        FraudFeatures.Compute(FraudEvents.TransactionOf(row), memory, null, FraudFeatures.LabelDelayMax, vector);
        var rounds = Enumerable.Range(0, 2 + 3 * context.Rounds).Select(_ => Pass(rules, row, memory, vector)).Skip(2).ToList();
        var isRight = rounds.All(r => r.Fired == context.Expected(Judged / 2));
        yield return new BenchRow("fraud.rules", Stats.Median(rounds.Select(r => r.Micros)), "µs", 5, null, isRight, Better.Lower, $"{rules.Rules.Count} rules, of which one objects to every second transaction");
    }

    private static (double Micros, long Fired) Pass(RuleSet rules, EventRow row, CustomerFraudMemory memory, float[] vector)
    {
        var (fired, begin) = (0L, Stopwatch.GetTimestamp());
        for (var i = 0; i < Judged; i++)
            if (rules.Judge(new RuleInput(row, memory, vector, i % 2 == 0 ? 0.95 : 0.05, row.OccurredAtMicros)).Fired.Count > 0) fired++;
        return (Stopwatch.GetElapsedTime(begin).TotalMicroseconds / Judged, fired);
    }

    private static EventRow Transaction()
    {
        var json = """{"type":"transaction","event_id":"t","customer_id":"c","card_token":"tok","merchant_id":"m","terminal_id":"t","country":"DE","channel":"pos","direction":"debit","status":"approved","amount_minor":1234,"currency":"EUR","occurred_at":"2026-01-01T12:00:00Z"}""";
        if (!new EventParser().TryParse(Encoding.UTF8.GetBytes(json), long.MaxValue / 2, out var record, out var why)) throw new InvalidOperationException($"{why}");
        var row = new EventRow();
        RecordCodec.Read(record.ToArray(), row);
        return row;
    }
}
