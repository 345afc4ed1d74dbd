using System.Diagnostics;
using System.Text;
using Lambda.Domain.Cards;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Serving.Authorizations;

/// <summary>
/// Decides transactions that nobody asked about, before anybody can ask: code that was never run is compiled when it first is, and the first gateway's question would wait for that
/// longer than its deadline. Nothing of it is appended, counted or kept.
/// </summary>
public static class WarmUp
{
    private const int Questions = 60;

    public static async Task RunAsync(Func<DecisionBasis> basis, TimeProvider time)
    {
        using var cards = new MemoryCardDirectory();
        var front = new AuthorizationFront(new Aside(basis, time), cards, new CardTokensAside(), () => basis().Policy, time);
        for (var i = 0; i < Questions; i++)
        {
            var json = $$"""{"transaction_id":"warm-{{i}}","card_number":"4111111111111111","customer_id":"nobody","amount":"12.{{i % 90 + 10}}","currency":"EUR","merchant_id":"m","terminal_id":"t","country":"DE","channel":"pos","memo":"x","occurred_at":"2026-01-01T00:00:00Z","deadline_ms":5000}""";
            _ = await front.DecideAsync(Encoding.UTF8.GetBytes(json), 0, Stopwatch.GetTimestamp(), CancellationToken.None);
        }
    }

    /// <summary>Looks like a desk does, at a customer of whom nothing is known.</summary>
    private sealed class Aside(Func<DecisionBasis> basis, TimeProvider time) : IAuthorizer
    {
        private static readonly WorkerSettings Settings = new(0, Clock.MsPerDay, 1, 2);

        public int Partitions => 1;

        public ValueTask<AuthorizationOutcome> AskAsync(int partition, AuthorizationRequest request, CancellationToken cancel)
        {
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            var asked = new Asked(request, now + request.PatienceMs, _ => { });
            var look = (Look.Fresh)Look.At(asked, new CustomerEntity(request.Customer), Settings, basis(), 0, now, now, decide: true);
            var body = LoggedEvents.BodyOf(look.Record);
            return new(new AuthorizationOutcome.Decided(AuthorizationJson.Read(body), body, new Domain.Log.Position(0, 0), Look.IsSame(asked, look.Judgement)));
        }
    }

    private sealed class CardTokensAside : ICardTokens
    {
        private readonly CardTokenizer _tokenizer = new(CardKeys.New());

        public IReadOnlyList<string>? TokensOf(ReadOnlySpan<byte> number)
        {
            Span<byte> digits = stackalloc byte[CardNumber.DigitsMax];
            return CardNumber.TryNormalise(number, digits, out var length) ? _tokenizer.All(digits[..length]) : null;
        }
    }
}
