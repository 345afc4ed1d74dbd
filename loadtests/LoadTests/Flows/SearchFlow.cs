using System.Globalization;
using System.Text;
using System.Text.Json;
using Lambda.Load;

namespace Lambda.LoadTests.Flows;

/// <summary>
/// A page of the customers who bought most, with a count. What the condition is about only grows, so a count never falls below one that was answered before it was asked
/// for; every row fulfils the condition, comes in order and holds nothing that was never sent.
/// </summary>
internal sealed class SearchFlow(Ledger ledger, ulong seed) : IFlow
{
    private const int PurchasesMax = 4;

    private readonly Dictionary<int, (int Purchases, long CountBefore)> _asked = [];
    private readonly long[] _count = new long[PurchasesMax + 1];
    private readonly WrongAnswers _wrong = new();
    private ulong _state = seed;
    private int _next;

    public string Name => "searches";
    public IReadOnlyList<string> Wrong => _wrong.Told;

    public bool TryNext(out Request request)
    {
        var purchases = 1 + (int)(SplitMix.Next(ref _state) % PurchasesMax);
        _asked[_next] = (purchases, _count[purchases]);
        var body = string.Create(CultureInfo.InvariantCulture,
            $$"""{"where":"starts_with(customer_id, '{{ledger.IdPrefix}}') and purchases >= {{purchases}}","order_by":["spend desc"],"select":["purchases","spend"],"limit":20,"count":true}""");
        request = new Request("/v1/customers/search", Encoding.UTF8.GetBytes(body), _next++) { MediaType = "application/json" };
        return true;
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        _asked.Remove(token, out var asked);
        if (status is 422 or 429 or 503) return false;
        if (status != 200) return IsWrong($"searches: {status} {Encoding.UTF8.GetString(body[..Math.Min(200, body.Length)])}");
        var reader = new Utf8JsonReader(body);
        var page = JsonElement.ParseValue(ref reader);
        var count = page.GetProperty("count").GetInt64();
        if (count < asked.CountBefore || count > ledger.Customers) return IsWrong($"{count} customers with {asked.Purchases} purchases, answered before {asked.CountBefore}, there are {ledger.Customers}");
        _count[asked.Purchases] = Math.Max(_count[asked.Purchases], count);
        var last = long.MaxValue;
        foreach (var row in page.GetProperty("customers").EnumerateArray())
        {
            var (id, values) = (row.GetProperty("customer_id").GetString()!, row.GetProperty("values"));
            var (purchases, spend) = (values.GetProperty("purchases").GetInt64(), values.GetProperty("spend").GetInt64());
            if (purchases < asked.Purchases || purchases > ledger.Ceiling(ledger.CustomerOf(id)) || spend > last)
                return IsWrong($"{id}: {purchases} purchases of {spend} among those with {asked.Purchases}, behind one of {last}, sent {ledger.Ceiling(ledger.CustomerOf(id))}");
            last = spend;
        }
        return true;
    }

    public void Lost(int token) => _asked.Remove(token);

    private bool IsWrong(string what)
    {
        _wrong.Add(what);
        return false;
    }
}
