using System.Globalization;
using Lambda.LoadTests.Flows;

namespace Lambda.LoadTests;

/// <param name="Detail">What differs, when it does.</param>
internal sealed record Check(string Name, string Expected, string Actual, bool IsRight, IReadOnlyList<string> Detail);

/// <summary>Holds the installation's answers against what was sent and acknowledged.</summary>
internal static class Checks
{
    private const int Readers = 8, Told = 10, WaitMs = 30_000;

    public static async Task<IReadOnlyList<Check>> AllAsync(LoadTestOptions options, Api api, Ledger ledger, IReadOnlyList<IFlow> flows, CancellationToken cancel)
    {
        var checks = new List<Check>();
        foreach (var flow in flows)
        {
            if (flow is IFinishing events) checks.Add(new Check($"{flow.Name}: sent and never acknowledged", "0", Text(events.Unacknowledged), events.Unacknowledged == 0, []));
            checks.Add(new Check($"wrong answers under load: {flow.Name}", "0", Text(flow.Wrong.Count), flow.Wrong.Count == 0, flow.Wrong));
        }
        checks.AddRange(await CustomersAsync(options, api, ledger, cancel));
        return checks;
    }

    /// <summary>Every customer, or as many as are asked for, evenly drawn: count and sum, over all time and of 30 days.</summary>
    private static async Task<IReadOnlyList<Check>> CustomersAsync(LoadTestOptions options, Api api, Ledger ledger, CancellationToken cancel)
    {
        var step = Math.Max(1, (ledger.Customers + options.Check - 1) / options.Check);
        var chosen = Enumerable.Range(0, ledger.Customers).Where(c => c % step == 0 && ledger.Ceiling(c) > 0).ToList();
        var (differences, gate) = (new WrongAnswers(), new Lock());
        long wrong = 0, count = 0, minor = 0;
        await Parallel.ForEachAsync(chosen, new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancel }, async (customer, stop) =>
        {
            var (expectedCount, expectedMinor, atLeast) = ledger.Floor(customer);
            var (status, body) = await api.GetAsync($"/v1/customers/{ledger.Id(customer)}?wait_ms={WaitMs}{(atLeast is null ? "" : $"&at_least={atLeast}")}", stop);
            var read = Answer.TryRead(body, out var answer);
            lock (gate)
            {
                (count, minor) = (count + answer.Purchases, minor + answer.Spend);
                if (read && answer == new Answer(ledger.Id(customer), expectedCount, expectedMinor, expectedCount, expectedMinor)) return;
                wrong++;
                differences.Add(read
                    ? $"{answer.Customer}: {answer.Purchases} purchases ({answer.Purchases30d} in 30 days) of {answer.Spend} ({answer.Spend30d}), acknowledged {expectedCount} of {expectedMinor}"
                    : $"{ledger.Id(customer)}: {status}, which is no answer with spend and purchases");
            }
        });
        var (sumCount, sumMinor) = (chosen.Sum(c => ledger.Floor(c).Count), chosen.Sum(c => ledger.Floor(c).Minor));
        var which = step == 1 ? $"all {Text(chosen.Count)} customers" : $"{Text(chosen.Count)} of {Text(ledger.Customers)} customers";
        return
        [
            new Check($"{which} answered otherwise than acknowledged", "0", Text(wrong), wrong == 0, [.. differences.Told.Take(Told)]),
            new Check($"purchases of {which}", Text(sumCount), Text(count), sumCount == count, []),
            new Check($"spend of {which}", Text(sumMinor), Text(minor), sumMinor == minor, []),
        ];
    }

    private static string Text(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);
}
