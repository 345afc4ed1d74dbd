using System.Globalization;
using System.Text;

namespace Lambda.LoadTests.Flows;

/// <summary>A card for each customer: told of, then asked for until it is known, since a decision knows a card only once its event was folded.</summary>
internal sealed class CardFlow(Ledger ledger) : IFinishing
{
    private const int CardsPerRequest = 200, EventTokens = 1 << 30;

    private readonly Queue<int> _telling = new(Enumerable.Range(0, (ledger.Customers + CardsPerRequest - 1) / CardsPerRequest).Select(i => i * CardsPerRequest)), _asking = new();
    private readonly WrongAnswers _wrong = new();

    public string Name => "cards before";
    public IReadOnlyList<string> Wrong => _wrong.Told;
    public long Unacknowledged { get; private set; } = ledger.Customers;

    public void EndNew() { }

    public bool TryNext(out Request request)
    {
        if (_telling.TryDequeue(out var first)) request = new Request("/v1/events", Cards(first), EventTokens + first);
        else if (_asking.TryDequeue(out var customer)) request = new Request($"/v1/cards/{TokenOf(ledger, customer)}", null, customer);
        else request = default;
        return request.Path is not null;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        var isKnown = status == 200;
        if (!isKnown) Lost(token);
        else if (token < EventTokens) Unacknowledged--;
        else foreach (var c in Customers(token - EventTokens)) _asking.Enqueue(c);
        if (isKnown || status is 429 or 503 || status == 404 && token < EventTokens) return isKnown;
        _wrong.Add($"{status} {Encoding.UTF8.GetString(body[..Math.Min(300, body.Length)])}");
        return false;
    }

    public void Lost(int token)
    {
        if (token < EventTokens) _asking.Enqueue(token);
        else _telling.Enqueue(token - EventTokens);
    }

    public static string TokenOf(Ledger ledger, int customer) => $"tok-{ledger.Id(customer)}";

    private IEnumerable<int> Customers(int first) => Enumerable.Range(first, Math.Min(CardsPerRequest, ledger.Customers - first));

    private byte[] Cards(int first)
    {
        var lines = new StringBuilder();
        foreach (var c in Customers(first))
            lines.Append(CultureInfo.InvariantCulture, $$"""{"type":"card","event_id":"card","customer_id":"{{ledger.Id(c)}}","card_token":"{{TokenOf(ledger, c)}}","card_status":"active","occurred_at":"2026-01-01T00:00:00Z"}""").Append('\n');
        return Encoding.UTF8.GetBytes(lines.ToString());
    }
}
