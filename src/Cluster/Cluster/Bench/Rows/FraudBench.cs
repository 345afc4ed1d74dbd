using System.Diagnostics;
using Lambda.BatchLayer.Models.Fraud;
using Lambda.Domain.Fraud;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>One transaction judged in process: features out of full memories, and trees.</summary>
internal sealed class FraudBench : IBench
{
    private const int FirstDay = 20_000, Days = 60;
    private const long DayMicros = 86_400_000_000;

    public string Name => "fraud";

    public string What => "one transaction scored in process: features and trees";

    public Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var history = History(context.Scaled(200_000, 20_000));
        var protocol = new FraudProtocol(FirstDay + Days - 21, 7, 7, 7);
        var table = FeatureTable.Of(history, protocol.DelayDays, protocol.TrainFrom, protocol.End, cancel);
        var (single, whole) = (FraudTrainer.Train(history, table, protocol, new TrainingOptions(Seeds: 1), cancel), FraudTrainer.Train(history, table, protocol, new TrainingOptions(), cancel));
        var asked = Asked.Of(history, [.. history.RowsOf(protocol.End - 1, protocol.End)]);
        Pass(asked, single); // compiled before it is measured
        Pass(asked, whole);
        var rounds = Enumerable.Range(0, 5 * context.Rounds).Select(_ => (Single: Pass(asked, single), Whole: Pass(asked, whole))).ToList();
        var isRight = rounds.Sum(r => r.Single.Wrong + r.Whole.Wrong) == context.Expected(0) && rounds.All(r => r.Single.Bytes + r.Whole.Bytes == 0);
        return Task.FromResult<IReadOnlyList<BenchRow>>(
        [
            new BenchRow("fraud.score", Stats.Median(rounds.Select(r => r.Single.Micros)), "µs", 20, null, isRight, Better.Lower, $"{FraudFeatures.Count} features + {single.Trees.Trees} trees"),
            new BenchRow("fraud.score.whole", Stats.Median(rounds.Select(r => r.Whole.Micros)), "µs", 20, null, isRight, Better.Lower, $"the same + {whole.Trees.Trees} trees, as a model is trained by default"),
            new BenchRow("fraud.allocated", rounds.Max(r => r.Single.Bytes + r.Whole.Bytes), "bytes", 0, null, isRight, Better.Lower, "by scoring"),
            .. TokenBench.Rows(context), .. RuleBench.Rows(context),
        ]);
    }

    private readonly record struct Figure(double Micros, long Bytes, long Wrong);

    /// <summary>Scores them all; a score is wrong when the contributions of its features do not sum up to it.</summary>
    private static Figure Pass(IReadOnlyList<Asked> asked, FraudModel model)
    {
        var (scores, features, contributions) = (new double[asked.Count], new float[FraudFeatures.Count], new double[FraudFeatures.Count]);
        var (begin, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        for (var i = 0; i < scores.Length; i++) scores[i] = model.Score(asked[i].Transaction, asked[i].Customer, asked[i].Acceptor, features);
        var (took, bytes) = (Stopwatch.GetElapsedTime(begin), GC.GetAllocatedBytesForCurrentThread() - before);
        var wrong = 0;
        for (var i = 0; i < scores.Length; i++)
        {
            FraudFeatures.Compute(asked[i].Transaction, asked[i].Customer, asked[i].Acceptor, model.LabelDelayDays, features);
            var bias = model.Trees.Contributions(features, contributions);
            if (Math.Abs(scores[i] - TreeModel.Probability(bias + contributions.Sum())) > 1e-9) wrong++;
        }
        return new Figure(took.TotalMicroseconds / scores.Length, bytes, wrong);
    }

    /// <summary>A transaction with the memories before its day.</summary>
    private sealed record Asked(FraudTransaction Transaction, CustomerFraudMemory Customer, AcceptorFraudMemory Acceptor)
    {
        public static IReadOnlyList<Asked> Of(LabelledHistory history, int[] rows)
        {
            var (customers, acceptors) = (new Dictionary<ulong, CustomerFraudMemory>(), new Dictionary<ulong, AcceptorFraudMemory>());
            foreach (var transaction in history.Transactions[..rows[0]]) Memory(acceptors, transaction.Acceptor).Apply(transaction.Id, transaction.AtMicros, Memory(customers, transaction.Customer).Apply(FraudEvent.Paid(transaction)));
            return [.. rows.Select(r => history.Transactions[r]).Select(t => new Asked(t, Memory(customers, t.Customer), Memory(acceptors, t.Acceptor)))];
        }

        private static T Memory<T>(Dictionary<ulong, T> all, ulong name) where T : new() => all.TryGetValue(name, out var it) ? it : all[name] = new T();
    }

    /// <summary>Customers with a usual amount each; every hundredth transaction is fraud and five times as high.</summary>
    private static LabelledHistory History(int transactions)
    {
        var random = new Random(17);
        return new LabelledHistory(Enumerable.Range(0, transactions).Select(i =>
        {
            var (customer, isFraud) = (1 + random.Next(transactions / 100), random.Next(100) == 0);
            var amount = (1_000 + customer % 50 * 100) * (50 + random.Next(100)) / 100 * (isFraud ? 5 : 1);
            var at = FirstDay * DayMicros + Days * DayMicros / transactions * i;
            return (new FraudTransaction((ulong)i + 1, at, amount) { Customer = (ulong)customer, Terminal = 1 + (ulong)random.Next(transactions / 100) }, $"{i}", isFraud);
        }));
    }
}
