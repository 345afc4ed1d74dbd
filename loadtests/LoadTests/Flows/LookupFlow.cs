using Lambda.Load;

namespace Lambda.LoadTests.Flows;

/// <summary>
/// One customer's answer at the position of its last acknowledged write: it must hold all that was acknowledged before it was asked for, and nothing that was never sent.
/// A 503 is a failed request (Retry-After); a number out of these bounds is a wrong answer, at any time, whatever happens to the nodes.
/// </summary>
internal sealed class LookupFlow(Ledger ledger, ulong seed) : IFlow
{
    private const int WaitMs = 2_000;

    private readonly Dictionary<int, (int Customer, long Count, long Minor)> _asked = [];
    private readonly WrongAnswers _wrong = new();
    private ulong _state = seed;
    private int _next;

    public string Name => "lookups";
    public IReadOnlyList<string> Wrong => _wrong.Told;

    public bool TryNext(out Request request)
    {
        var customer = (int)(SplitMix.Next(ref _state) % (ulong)ledger.Customers);
        var (count, minor, atLeast) = ledger.Floor(customer);
        _asked[_next] = (customer, count, minor);
        request = new Request($"/v1/customers/{ledger.Id(customer)}{(atLeast is null ? "" : $"?at_least={atLeast}&wait_ms={WaitMs}")}", null, _next++);
        return true;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        _asked.Remove(token, out var asked);
        if (status == 404 && asked.Count == 0) return true;
        if (status is 503 or 429) return false;
        if (status != 200 || !Answer.TryRead(body, out var answer)) return IsWrong($"{ledger.Id(asked.Customer)}: {status}, which is no answer with spend and purchases");
        if (answer.Customer != ledger.Id(asked.Customer)) return IsWrong($"asked for {ledger.Id(asked.Customer)}, answered {answer.Customer}");
        var most = ledger.Ceiling(asked.Customer);
        if (answer.Purchases < asked.Count || answer.Purchases > most || answer.Spend < asked.Minor)
            return IsWrong($"{answer.Customer}: {answer.Purchases} purchases of {answer.Spend}, acknowledged before {asked.Count} of {asked.Minor}, sent {most}");
        return true;
    }

    public void Lost(int token) => _asked.Remove(token);

    private bool IsWrong(string what)
    {
        _wrong.Add(what);
        return false;
    }
}
