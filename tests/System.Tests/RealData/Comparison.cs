using System.Globalization;
using System.Text.Json;
using Lambda.SystemTests.Processes;
using Xunit;

namespace Lambda.SystemTests.RealData;

/// <summary>Reads customers over HTTP and holds every answer against the rows of the file. Counts what was compared.</summary>
internal sealed class Comparison(Func<RunningHost> host, IReadOnlyList<Expected> expected)
{
    private const int Readers = 4;
    private static readonly int[] Windows = [1, 7, 30, 90];

    private long _answers, _values;

    public long Answers => Interlocked.Read(ref _answers);
    public long Values => Interlocked.Read(ref _values);

    /// <summary>Every customer, or every n-th.</summary>
    /// <param name="asOf">The day whose windows are asked for; null asks for today's.</param>
    public Task AllAsync(DateOnly? asOf, int everyNth = 1) =>
        Parallel.ForEachAsync(expected.Where((_, i) => i % everyNth == 0), new ParallelOptions { MaxDegreeOfParallelism = Readers }, async (e, _) => await OneAsync(e, asOf));

    /// <summary>Reads one customer after the other, again and again, until `over` is complete.</summary>
    public async Task UntilAsync(Task over)
    {
        for (var i = 0; !over.IsCompleted; i++) await OneAsync(expected[i % expected.Count], null);
    }

    private async Task OneAsync(Expected e, DateOnly? asOf)
    {
        var query = asOf is { } day ? $"?as_of={day:yyyy-MM-dd}" : "";
        var answer = await host().GetAsync($"/v1/customers/{e.Customer}{query}");
        var metrics = answer.GetProperty("metrics");
        var differences = new List<string>();
        void Same<T>(string name, T wanted, T found)
        {
            Interlocked.Increment(ref _values);
            if (!EqualityComparer<T>.Default.Equals(wanted, found)) differences.Add($"{name}: the file says {wanted}, the answer {found}");
        }

        Same("purchases", e.Count, Whole(metrics, "purchases"));
        Same("spend", e.Spend, Whole(metrics, "spend"));
        Same("confirmed_frauds", e.Frauds, Whole(metrics, "confirmed_frauds"));
        Same("first_purchase_at", e.First, Instant(metrics, "first_purchase_at"));
        Same("last_purchase_at", e.Last, Instant(metrics, "last_purchase_at"));
        var of = asOf ?? DateOnly.Parse(answer.GetProperty("meta").GetProperty("as_of").GetString()!, CultureInfo.InvariantCulture);
        foreach (var days in Windows)
        {
            var (count, spend) = e.Window(of, days);
            Same($"purchases_{days}d", count, Whole(metrics, $"purchases_{days}d"));
            Same($"spend_{days}d", spend, Whole(metrics, $"spend_{days}d"));
        }
        Interlocked.Increment(ref _answers);
        Assert.True(differences.Count == 0, $"{e.Customer} as of {of:yyyy-MM-dd}: {string.Join("; ", differences)}\n{answer}\nthe host says:\n{host().Errors}");
    }

    /// <summary>A sum or count over nothing may be left null.</summary>
    private static long Whole(JsonElement metrics, string name) => metrics.GetProperty(name) is { ValueKind: JsonValueKind.Number } n ? n.GetInt64() : 0;

    private static DateTime Instant(JsonElement metrics, string name) =>
        DateTime.Parse(metrics.GetProperty(name).GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
}
