using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Lambda.Cluster.Cli;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Serving.Json;
using Lambda.Simulation;
using Lambda.SpeedLayer.Import;

namespace Lambda.Cluster.Demo;

/// <summary>
/// Holds served answers against two others: the compiled SQL over the customer's raw events in the warehouse, up to the position the answer named; and, when
/// everything sent is in it, the naive oracle over the events as they were generated.
/// </summary>
internal sealed class DemoCheck(Client client, IEngine engine)
{
    private const int AtOnce = 2;

    private long _checked;
    private readonly List<string> _mismatches = [];

    public long Checked => _checked;
    public IReadOnlyList<string> Mismatches => _mismatches;

    /// <param name="atLeast">Positions the answers must contain; null takes what there is.</param>
    /// <param name="sent">What was sent of each customer, when the answers must contain all of it; else null.</param>
    public Task RunAsync(IEnumerable<string> customers, string? atLeast, IReadOnlyDictionary<string, List<LoggedEvent>>? sent, CancellationToken cancel) =>
        Parallel.ForEachAsync(customers, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (customer, stop) =>
        {
            var differs = await CompareAsync(customer, atLeast, sent?[customer], stop);
            lock (_mismatches)
            {
                _checked++;
                if (differs is not null) _mismatches.Add($"{customer}: {differs}");
            }
        });

    private async Task<string?> CompareAsync(string customer, string? atLeast, List<LoggedEvent>? sent, CancellationToken cancel)
    {
        var wait = atLeast is null ? "" : $"?wait_ms=30000&at_least={atLeast}";
        var served = await client.GetAsync($"/v1/customers/{Uri.EscapeDataString(customer)}{wait}", cancel);
        var meta = served.GetProperty("meta");
        if (!Position.TryParse(meta.GetProperty("position").GetString(), out var position)) return "no position";
        var asOf = DateOnly.ParseExact(meta.GetProperty("as_of").GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

        var recomputed = await engine.Recompute.RecomputeAsync(CustomerId.From(customer), position.Offset + 1, asOf, cancel);
        if (recomputed is null) return "the warehouse has no event";
        var (isServed, isExpected) = (Facts(served), Facts(recomputed));
        if (isServed != isExpected) return $"served {Around(isServed, isExpected)}, recomputed {Around(isExpected, isServed)}";
        return sent is null ? null : Expectation.Of(recomputed.Definition, sent, asOf).Matches(recomputed, overflow: null);
    }

    private static string Facts(JsonElement served) => string.Concat(new[] { "metrics", "derived", "segments" }.Select(n => $"\"{n}\":{served.GetProperty(n).GetRawText()}"));

    private static string Facts(Answer answer)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var to = new Utf8JsonWriter(bytes, EventWriter.Options))
        {
            to.WriteStartObject();
            AnswerShape.Of(answer.Definition).Write(to, answer, showsPersonalData: true);
            to.WriteEndObject();
        }
        return Facts(JsonDocument.Parse(bytes.WrittenMemory).RootElement);
    }

    /// <summary>The text around the first difference.</summary>
    private static string Around(string text, string other)
    {
        var at = text.Zip(other).TakeWhile(p => p.Item1 == p.Item2).Count();
        return $"…{text[Math.Max(0, at - 30)..Math.Min(text.Length, at + 20)]}…";
    }
}
