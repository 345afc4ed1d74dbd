using System.Globalization;
using System.Text;
using Lambda.Cluster.Bench.Data;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Load;

/// <summary>`POST /v1/authorizations`, each of a card drawn evenly, each id once. An answer must be a recorded decision of the transaction that was asked for.</summary>
/// <param name="cards">Of as many customers.</param>
internal sealed class AuthorizeLoad(int cards, string run, ulong seed, bool tamper = false) : ILoad
{
    private ulong _state = seed;
    private int _next;

    /// <summary>Decisions that were durable when they were answered.</summary>
    public long Recorded { get; private set; }

    /// <summary>Answered by policy, or before they were known to be durable.</summary>
    public long Marked { get; private set; }

    /// <summary>Bytes of all bodies so far.</summary>
    public long BodyBytes { get; private set; }

    public static string Token(int card) => string.Create(CultureInfo.InvariantCulture, $"bench-card-{card:0000000}");

    public static string Customer(int card) => string.Create(CultureInfo.InvariantCulture, $"customer-{card:0000000}");

    public int Next(RequestBytes to)
    {
        var random = SplitMix.Next(ref _state);
        var (card, merchant, minor) = ((int)(random % (ulong)cards), random / 7 % 5_000, 100 + random / 31 % 20_000);
        var body = string.Create(CultureInfo.InvariantCulture,
            $$"""{"transaction_id":"{{run}}-{{_next}}","card_token":"{{Token(card)}}","amount_minor":{{minor}},"currency":"EUR","merchant_id":"m{{merchant}}","terminal_id":"t{{merchant}}","country":"DE","channel":"pos","occurred_at":"{{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}}"}""");
        to.Add("POST /v1/authorizations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "u8).AddNumber(body.Length).Add("\r\n\r\n"u8).Add(Encoding.ASCII.GetBytes(body));
        return _next++;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        BodyBytes += body.Length;
        var expected = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"transaction_id\":\"{run}-{(tamper ? token + 1 : token)}\",\"decision\":\""));
        if (status != 200 || !body.StartsWith(expected)) return false;
        if (body.IndexOf("\"recorded\":true"u8) >= 0) Recorded++;
        if (body.IndexOf("\"marks\":[]"u8) < 0) Marked++;
        return true;
    }
}
