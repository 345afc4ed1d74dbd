using System.Text;
using System.Text.Json;

namespace Lambda.LoadTests.Flows;

/// <summary>All customers as NDJSON. Each is there at most once with nothing that was never sent, and never fewer of them than in a file that came before it was asked for.</summary>
internal sealed class ExportFlow(Ledger ledger) : IFlow
{
    private readonly Dictionary<int, int> _rowsBefore = [];
    private readonly WrongAnswers _wrong = new();
    private int _rows, _next;

    public string Name => "exports";
    public IReadOnlyList<string> Wrong => _wrong.Told;

    public bool TryNext(out Request request)
    {
        _rowsBefore[_next] = _rows;
        var body = $$"""{"where":"starts_with(customer_id, '{{ledger.IdPrefix}}')","select":["purchases","spend"],"format":"ndjson"}""";
        request = new Request("/v1/exports", Encoding.UTF8.GetBytes(body), _next++) { MediaType = "application/json" };
        return true;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        _rowsBefore.Remove(token, out var before);
        if (status is 422 or 429 or 503) return false;
        if (status != 200) return IsWrong($"exports: {status} {Encoding.UTF8.GetString(body[..Math.Min(200, body.Length)])}");
        var seen = new HashSet<int>();
        foreach (var line in Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var row = JsonDocument.Parse(line).RootElement;
            var customer = ledger.CustomerOf(row.GetProperty("customer_id").GetString()!);
            if (!seen.Add(customer) || row.GetProperty("purchases").GetInt64() > ledger.Ceiling(customer))
                return IsWrong($"{line}: twice, or more than the {ledger.Ceiling(customer)} purchases sent");
        }
        if (seen.Count < before) return IsWrong($"{seen.Count} customers, in a file before it {before}");
        _rows = Math.Max(_rows, seen.Count);
        return true;
    }

    public void Lost(int token) => _rowsBefore.Remove(token);

    private bool IsWrong(string what)
    {
        _wrong.Add(what);
        return false;
    }
}
