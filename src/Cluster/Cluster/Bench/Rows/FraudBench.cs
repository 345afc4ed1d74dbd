using Lambda.BatchLayer.Fraud;
using Lambda.Domain.Fraud;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>What one transaction costs: its features from both memories and the score of all trees, in one thread.</summary>
internal sealed class FraudBench : IBench
{
    private const int Transactions = 6_000, Customers = 40, Terminals = 40, FirstDay = 17_600, Rounds = 5;

    public string Name => "fraud";

    public string What => "features and score of a transaction, in process";

    public Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var log = Log();
        var parameters = new TreeParameters();
        var model = new Backtest(log).Train(new Protocol(FirstDay, 31, 7, 7), FeatureTable.Compute(log, _ => true, 7), parameters);
        var (customer, terminal) = (new CustomerMemory(), new TerminalMemory(7));
        foreach (var t in log.Where(t => t.Customer == log[^1].Customer)) customer.Apply(t.Transaction);
        foreach (var t in log.Where(t => t.Transaction.Place == log[^1].Transaction.Place)) terminal.Apply(t.Transaction);
        var asked = Enumerable.Range(0, context.Scaled(20_000, 1_000)).Select(i => log[^1].Transaction with { AmountMinor = 100 + (i * 37 % 40_000) }).ToArray();
        var check = asked.Sum(t => Explained(model, t, customer, terminal));
        var (micros, bytes, sum) = Measure(model, asked, customer, terminal);
        var isRight = context.Expected(Math.Abs(check - sum) < 1e-6 * Math.Max(1, Math.Abs(check)) ? 1 : 0) == 1;
        IReadOnlyList<BenchRow> rows =
        [
            new BenchRow("fraud.score", micros, "µs", 20, null, isRight, Better.Lower, $"{FraudFeatures.Count} features, {model.Roots.Count} trees of depth {parameters.Depth}, {model.Nodes.Count} nodes; median of {Rounds}"),
            new BenchRow("fraud.allocated", bytes, "bytes", 0, null, isRight, Better.Lower, "per score"),
        ];
        return Task.FromResult(rows);
    }

    /// <summary>The score by another way: bias and contributions, whose sum must be what is measured.</summary>
    private static double Explained(FraudModel model, in FraudTransaction t, CustomerMemory customer, TerminalMemory terminal)
    {
        var (features, parts) = (new float[FraudFeatures.Count], new double[FraudFeatures.Count]);
        FraudFeatures.Compute(t, customer, terminal, 7, features);
        model.Explain(features, parts);
        return model.Bias + parts.Sum();
    }

    private static (double Micros, double Bytes, double Sum) Measure(FraudModel model, FraudTransaction[] asked, CustomerMemory customer, TerminalMemory terminal)
    {
        Span<float> features = stackalloc float[FraudFeatures.Count];
        var micros = new double[Rounds];
        double sum = 0;
        long bytes = 0;
        for (var round = 0; round < Rounds; round++)
        {
            sum = 0;
            bytes = GC.GetAllocatedBytesForCurrentThread();
            var from = System.Diagnostics.Stopwatch.GetTimestamp();
            foreach (ref readonly var t in asked.AsSpan())
            {
                FraudFeatures.Compute(t, customer, terminal, 7, features);
                sum += model.Raw(features);
            }
            micros[round] = System.Diagnostics.Stopwatch.GetElapsedTime(from).TotalMicroseconds / asked.Length;
            bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        }
        return (micros.Order().ElementAt(Rounds / 2), (double)bytes / asked.Length, sum);
    }

    private static LabelledTransaction[] Log()
    {
        var random = new Random(11);
        return [.. Enumerable.Range(0, Transactions).Select(i =>
        {
            var isFraud = random.Next(3) == 0; // many and hard to tell, so that the trees are grown to their depth
            var t = new FraudTransaction((FirstDay * 86_400L) + (i * 450L), random.Next(500, 9_000) + (isFraud ? 900 : 0), (ulong)random.Next(1, Terminals));
            return new LabelledTransaction($"{i}", $"c{random.Next(Customers)}", t, isFraud);
        })];
    }
}
