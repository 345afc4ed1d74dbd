using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Views;

namespace Lambda.Cluster.Bench.Data;

/// <summary>Reads out of answers what a <see cref="Tally"/> counted.</summary>
internal sealed class AnswerCheck(ViewDefinition definition)
{
    private const string Spend = "spend";

    private readonly int _spend = definition.Outputs.First(o => o.Name == Spend).Index;

    public static CustomerId Id(int customer)
    {
        Span<byte> id = stackalloc byte[16];
        return new CustomerId(EventStream.CustomerId(customer, id));
    }

    /// <summary>Minor units; a customer that never bought has spent nothing.</summary>
    public long SpendOf(Answer answer) => answer.Scalars[_spend].IsNull ? 0 : (long)answer.Scalars[_spend].Number;

    /// <summary>The same from the API's JSON; null when it is not an answer.</summary>
    public static long? SpendOf(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!JsonElement.TryParseValue(ref reader, out var answer) || !answer.Value.TryGetProperty("metrics", out var metrics)) return null;
        return metrics.GetProperty(Spend) is { ValueKind: JsonValueKind.Number } spend ? spend.GetInt64() : 0;
    }
}
