using System.Globalization;
using System.Text;
using System.Text.Json;
using Lambda.Load;

namespace Lambda.LoadTests.Flows;

/// <summary>
/// Authorizations of cards that are known. One that was not answered as recorded is asked again until it is; now and then one that was is asked once more: every answer to an id
/// is the same, and what was approved is spent once.
/// </summary>
internal sealed class AuthorizationFlow(Ledger ledger, ulong seed) : IFinishing
{
    private const int RepeatEvery = 25;

    private sealed record Asked(int Customer, long Minor, string Body);

    private readonly Dictionary<int, Asked> _pending = [];
    private readonly Dictionary<int, string> _answered = [];
    private readonly Queue<int> _again = new();
    private readonly WrongAnswers _wrong = new();
    private ulong _state = seed;
    private int _next;
    private bool _isEnding;

    public string Name => "authorizations";
    public IReadOnlyList<string> Wrong => _wrong.Told;
    public long Unacknowledged => _pending.Keys.Count(token => !_answered.ContainsKey(token));

    public void EndNew() => _isEnding = true;

    public bool TryNext(out Request request)
    {
        request = default;
        if (!_again.TryDequeue(out var token))
        {
            if (_isEnding) return false;
            token = _next++;
            _pending[token] = Make(token);
        }
        request = new Request("/v1/authorizations", Encoding.UTF8.GetBytes(_pending[token].Body), token) { MediaType = "application/json" };
        return true;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        if (status is 429 or 503)
        {
            _again.Enqueue(token);
            return status == 429;
        }
        if (status != 200 || !Judge(token, body))
        {
            _wrong.Add($"authorization {token}: {status} {Encoding.UTF8.GetString(body[..Math.Min(300, body.Length)])}");
            return false;
        }
        return true;
    }

    public void Lost(int token) => _again.Enqueue(token);

    private bool Judge(int token, ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        var answer = JsonElement.ParseValue(ref reader);
        if (!answer.GetProperty("recorded").GetBoolean())
        {
            _again.Enqueue(token); // the policy answered, or the record is on its way: the installation has the last word
            return true;
        }
        var said = $"{answer.GetProperty("decision").GetString()} at {answer.GetProperty("position").GetString()}";
        if (_answered.TryGetValue(token, out var before)) return before == said;
        _answered.Add(token, said);
        var (asked, position) = (_pending[token], answer.GetProperty("position").GetString()!.Split(':'));
        if (answer.GetProperty("reasons").EnumerateArray().Any(r => r.GetProperty("code").GetString() == "UNKNOWN_CARD")) return false; // it is known
        if (answer.GetProperty("decision").GetString() != "decline")
            ledger.Acknowledge([(asked.Customer, asked.Minor)], [(int.Parse(position[0], CultureInfo.InvariantCulture), long.Parse(position[1], CultureInfo.InvariantCulture))]);
        if (token % RepeatEvery == 0) _again.Enqueue(token);
        else _pending.Remove(token);
        return true;
    }

    private Asked Make(int number)
    {
        var random = SplitMix.Next(ref _state);
        var (customer, minor) = ((int)(random % (ulong)ledger.Customers), 1 + (long)(random >> 40) % 20_000);
        ledger.Sending(customer);
        return new Asked(customer, minor, string.Create(CultureInfo.InvariantCulture,
            $$"""{"transaction_id":"{{ledger.Run}}-a{{number}}","card_token":"{{CardFlow.TokenOf(ledger, customer)}}","amount_minor":{{minor}},"currency":"EUR","category":"groceries","channel":"pos","merchant_id":"m{{random >> 8 & 0xff}}","occurred_at":"{{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ}}","deadline_ms":1000}"""));
    }
}
