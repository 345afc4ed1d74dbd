using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Lambda.Domain.Events;
using Xunit;

namespace Lambda.Domain.Tests.Events;

public sealed class EventParserTests
{
    internal const long Now = 1_773_050_400_000_000; // 2026-03-09T10:00:00Z
    internal const string Purchase = """{"event_id":"e1","customer_id":"c1","type":"transaction","occurred_at":"2026-03-09T09:59:58.5Z","amount":"12.30","currency":"EUR","direction":"debit","status":"approved"}""";

    [Fact]
    public void TryParse_WhenPurchase_GivesTypedValues()
    {
        var row = Parse(Purchase);

        Assert.Equal(EventCatalog.Transaction, row.Type);
        Assert.Equal(("e1", "c1", Now - 1_500_000), (Text(row.EventId), Text(row.CustomerId), row.OccurredAtMicros));
        Assert.Equal((1230, 1230), (row.Number(EventCatalog.AmountMinor.Ordinal), row.Number(EventCatalog.BillingAmountMinor.Ordinal)));
        Assert.Equal(("EUR", "EUR"), (Text(row.Text(EventCatalog.Currency.Ordinal)), Text(row.Text(EventCatalog.BillingCurrency.Ordinal))));
        Assert.Equal(Purchase, Text(row.Body));
    }

    /// <summary>What a producer inside writes is what a producer outside may send: rendering and parsing are inverse.</summary>
    [Property(Arbitrary = [typeof(ValidEvents)], MaxTest = 2000)]
    public void TryParse_WhenBodyWasRendered_GivesTheSameRecord(SampleEvent sample)
    {
        var record = sample.Encode(new RecordWriter());
        var row = new EventRow();
        RecordCodec.Read(record, row);

        Assert.True(new EventParser { IsOfLog = true }.TryParse(row.Body, Now, out var parsed, out var why), why.ToString());

        var again = new EventRow();
        RecordCodec.Read(parsed.ToArray(), again);
        Assert.Equal(row.ContentHash, again.ContentHash);
        Assert.Equal(Convert.ToHexString(record), Convert.ToHexString(parsed));
    }

    [Property(Arbitrary = [typeof(ValidEvents)], MaxTest = 500)]
    public void ContentHash_WhenKeysMoveAndSpaceIsAdded_StaysTheSame(SampleEvent sample, int seed)
    {
        var row = new EventRow();
        RecordCodec.Read(sample.Encode(new RecordWriter()), row);
        var line = Text(row.Body)[..^1] + ""","deep":{"b":[1, 2,{"x" : null}],"a":"é"}}""";
        using var json = JsonDocument.Parse(line);
        var random = new Random(seed);
        var members = json.RootElement.EnumerateObject().Select(p => $"{JsonSerializer.Serialize(p.Name)} :\t{p.Value.GetRawText()}").OrderBy(_ => random.Next());

        var shuffled = Parse($"  {{ {string.Join(" , ", members)} }} ");

        Assert.Equal(Parse(line).ContentHash, shuffled.ContentHash);
        Assert.NotEqual(row.ContentHash, shuffled.ContentHash);
    }

    [Fact]
    public void Body_WhenLineHasWhiteSpace_LosesItOutsideStringsOnly()
    {
        var row = Parse("\t" + Purchase.Replace("}", ""","note" : " two  words \" , { } " , "n" : [ 1 , { "a" : 1.50 } ] , "nul":null }""") + " \r");

        Assert.Equal(Purchase.Replace("}", ""","note":" two  words \" , { } ","n":[1,{"a":1.50}],"nul":null}"""), Text(row.Body));
        Assert.Equal((ExtraKind.Text, " two  words \" , { } "), Extra(row, "note"));
        Assert.Null(Extra(row, "n"));
        Assert.Null(Extra(row, "nul"));
    }

    [Fact]
    public void Extras_WhenFieldsAreUnknownOrOfAnotherType_AreKeptByName()
    {
        var row = Parse("""{"type":"login","success":true,"event_id":"e","customer_id":"c","occurred_at":"2026-03-09T10:00:00+01:00","score":1.50e3,"vip":true,"old":false,"k\u0065y":"\u00e9\n","amount":"3"}""");

        Assert.Equal((ExtraKind.Number, "1.50e3"), Extra(row, "score"));
        Assert.Equal((ExtraKind.True, ""), Extra(row, "vip"));
        Assert.Equal((ExtraKind.False, ""), Extra(row, "old"));
        Assert.Equal((ExtraKind.Text, "é\n"), Extra(row, "key"));
        Assert.Equal((ExtraKind.Text, "3"), Extra(row, "amount"));
        Assert.Equal(Now - 3_600_000_000, row.OccurredAtMicros);
    }

    [Theory]
    [InlineData("""{"amount":12.3,"currency":"EUR"}""", 1230, 1230, "EUR")]
    [InlineData("""{"amount":1e2,"currency":"EUR"}""", 10000, 10000, "EUR")]
    [InlineData("""{"amount":125e-1,"currency":"EUR"}""", 1250, 1250, "EUR")]
    [InlineData("""{"amount":"\u0037","currency":"JPY"}""", 7, 7, "JPY")]
    [InlineData("""{"amount":1.234,"currency":"KWD"}""", 1234, 1234, "KWD")]
    [InlineData("""{"amount":"12.30","amount_minor":1230,"currency":"EUR"}""", 1230, 1230, "EUR")]
    [InlineData("""{"amount_minor":5,"currency":"USD","billing_currency":"EUR","billing_amount_minor":4}""", 5, 4, "EUR")]
    [InlineData("""{"amount_minor":5,"currency":"USD","billing_currency":"JPY","billing_amount":"8"}""", 5, 8, "JPY")]
    [InlineData("""{"amount_minor":5,"currency":"USD","billing_amount":"0.06"}""", 5, 6, "USD")]
    [InlineData("""{"amount":null,"amount_minor":1000000000000000,"currency":"EUR","billing_currency":null}""", 1_000_000_000_000_000, 1_000_000_000_000_000, "EUR")]
    public void TryParse_WhenAmountsAreGood_GivesMinorUnits(string fields, long amount, long billing, string billingCurrency)
    {
        var row = Parse(With(fields));

        Assert.Equal((amount, billing), (row.Number(EventCatalog.AmountMinor.Ordinal), row.Number(EventCatalog.BillingAmountMinor.Ordinal)));
        Assert.Equal(billingCurrency, Text(row.Text(EventCatalog.BillingCurrency.Ordinal)));
    }

    [Fact]
    public void TryParse_WhenGoodEventsRepeat_AllocatesNothing()
    {
        var parser = new EventParser();
        var line = Encoding.UTF8.GetBytes(ParserSpeed.Typical);
        for (var i = 0; i < 200; i++) parser.TryParse(line, Now, out _, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) parser.TryParse(line, Now, out _, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Any bytes give a record or a reason: no exception gets out.</summary>
    [Property(MaxTest = 3000)]
    public void TryParse_WhenLineIsDamaged_NeverThrows(byte[] noise, int where, bool insert)
    {
        var line = Encoding.UTF8.GetBytes(ParserSpeed.Typical).ToList();
        var at = (where & 0x7fffffff) % line.Count;
        if (!insert) line.RemoveRange(at, Math.Min(noise.Length, line.Count - at));
        line.InsertRange(at, noise);

        var accepted = new EventParser().TryParse(line.ToArray(), Now, out var record, out var why);

        Assert.Equal(accepted, why.Reason is null);
        if (accepted) RecordCodec.Read(record.ToArray(), new EventRow());
    }

    internal static EventRow Parse(string line)
    {
        Assert.True(new EventParser { IsOfLog = true }.TryParse(Encoding.UTF8.GetBytes(line), Now, out var record, out var why), why.ToString());
        var row = new EventRow();
        RecordCodec.Read(record.ToArray(), row);
        return row;
    }

    /// <summary>A debit with these fields instead of amount and currency.</summary>
    internal static string With(string fields) =>
        """{"event_id":"e1","customer_id":"c1","type":"transaction","occurred_at":"2026-03-09T10:00:00Z","direction":"debit","status":"approved",""" + fields[1..];

    private static (ExtraKind, string)? Extra(EventRow row, string name) =>
        RecordCodec.TryFindExtra(row, Encoding.UTF8.GetBytes(name), out var kind, out var text) ? (kind, Text(text)) : null;

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
