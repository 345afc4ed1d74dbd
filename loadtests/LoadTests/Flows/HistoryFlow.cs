using System.Text.Json;
using Lambda.Load;

namespace Lambda.LoadTests.Flows;

/// <summary>A customer's newest events, as a clerk opens them: at least those acknowledged before, at most a page.</summary>
internal sealed class HistoryFlow(Ledger ledger, ulong seed) : IFlow
{
    private const int Page = 50;

    private readonly Dictionary<int, (int Customer, long Count)> _asked = [];
    private readonly WrongAnswers _wrong = new();
    private ulong _state = seed;
    private int _next;

    public string Name => "history";
    public IReadOnlyList<string> Wrong => _wrong.Told;

    public bool TryNext(out Request request)
    {
        var customer = (int)(SplitMix.Next(ref _state) % (ulong)ledger.Customers);
        _asked[_next] = (customer, ledger.Floor(customer).Count);
        request = new Request($"/v1/customers/{ledger.Id(customer)}/events?limit={Page}", null, _next++);
        return true;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        _asked.Remove(token, out var asked);
        if (status == 404 && asked.Count == 0) return true;
        if (status != 200) return false;
        var reader = new Utf8JsonReader(body);
        var events = JsonElement.ParseValue(ref reader).GetProperty("events").GetArrayLength();
        if (events <= Math.Min(Page, ledger.Ceiling(asked.Customer))) return true;
        _wrong.Add($"{ledger.Id(asked.Customer)}: {events} events listed, {ledger.Ceiling(asked.Customer)} sent");
        return false;
    }

    public void Lost(int token) => _asked.Remove(token);
}
