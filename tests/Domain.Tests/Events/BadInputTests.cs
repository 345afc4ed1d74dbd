using System.Text;
using Lambda.Domain.Events;
using Xunit;

namespace Lambda.Domain.Tests.Events;

/// <summary>Every way an event can be bad, with the exact answer.</summary>
public sealed class BadInputTests
{
    private const string Head = "\"event_id\":\"e\",\"customer_id\":\"c\",\"occurred_at\":\"2026-03-09T10:00:00Z\",";
    private const string Login = "{" + Head + "\"type\":\"login\",";

    [Theory]
    [InlineData("", "", "malformed_json", "empty line, expected a JSON object")]
    [InlineData("hello", "", "malformed_json", "begins with `h`, expected a JSON object")]
    [InlineData("NaN", "", "malformed_json", "begins with `N`, expected a JSON object")]
    [InlineData("[1]", "", "not_an_object", "begins with `[`, expected a JSON object")]
    [InlineData("42", "", "not_an_object", "begins with `4`, expected a JSON object")]
    [InlineData("null", "", "not_an_object", "begins with `n`, expected a JSON object")]
    [InlineData("{", "", "malformed_json", "not JSON at byte 1, expected one JSON object")]
    [InlineData("{}{}", "", "malformed_json", "not JSON at byte 2, expected one JSON object")]
    [InlineData("{\"a\":1,}", "", "malformed_json", "not JSON at byte 7, expected one JSON object")]
    [InlineData("{\"a\":NaN}", "", "malformed_json", "not JSON at byte 5, expected one JSON object")]
    [InlineData("{\"a\":-Infinity}", "", "malformed_json", "not JSON at byte 6, expected one JSON object")]
    [InlineData("{\"a\":1 2}", "", "malformed_json", "not JSON at byte 7, expected one JSON object")]
    [InlineData("{\"a\":01}", "", "malformed_json", "not JSON at byte 6, expected one JSON object")]
    [InlineData("{'a':1}", "", "malformed_json", "not JSON at byte 1, expected one JSON object")]
    [InlineData("{\"a\":\"x\ty\"}", "", "malformed_json", "not JSON at byte 7, expected one JSON object")]
    [InlineData("{\"a\":1/*c*/}", "", "malformed_json", "not JSON at byte 6, expected one JSON object")]
    [InlineData("{\"a\":\"\\ud800\"}", "", "invalid_escape", "a \\u escape is half a surrogate pair, expected both halves")]
    [InlineData("{\"a\":[\"\\udc00\\ud800\"]}", "", "invalid_escape", "a \\u escape is half a surrogate pair, expected both halves")]
    [InlineData("{\"\\ud83dx\":1}", "", "invalid_escape", "a \\u escape is half a surrogate pair, expected both halves")]
    [InlineData("{\"type\":\"login\",\"type\":\"login\"}", "type", "duplicate_key", "this key stands twice in one object")]
    [InlineData("{\"type\":null,\"type\":\"login\"}", "type", "duplicate_key", "this key stands twice in one object")]
    [InlineData("{\"x\":1,\"\\u0078\":1}", "x", "duplicate_key", "this key stands twice in one object")]
    [InlineData("{\"d\":{\"k\":[{\"a\":1,\"b\":2,\"a\":3}]}}", "a", "duplicate_key", "this key stands twice in one object")]
    public void TryParse_WhenLineIsNoGoodJson_SaysSo(string line, string field, string reason, string detail) => AssertRejected(line, field, reason, detail);

    [Theory]
    [InlineData("{}", "type", "missing_field", "missing or null")]
    [InlineData("{\"type\":null}", "type", "missing_field", "missing or null")]
    [InlineData("{\"type\":7}", "type", "wrong_type", "number 7, expected text")]
    [InlineData("{\"type\":\"Login\"}", "type", "unknown_type", "\"Login\", expected one of profile, account, transaction, login, app_event, reward, credit_score, fraud_label, consent, identify, card, settlement, reversal")]
    [InlineData("{\"type\":\"login\"}", "event_id", "missing_field", "missing or null")]
    [InlineData("{\"type\":\"login\",\"event_id\":\"\"}", "event_id", "empty", "empty text, expected 1..128 bytes")]
    [InlineData("{\"type\":\"login\",\"event_id\":12}", "event_id", "wrong_type", "number 12, expected text")]
    [InlineData("{\"type\":\"login\",\"event_id\":\"a\\u0007\"}", "event_id", "control_character", "holds a control character")]
    [InlineData("{\"type\":\"login\",\"event_id\":\"a\u0085\"}", "event_id", "control_character", "holds a control character")]
    [InlineData("{\"type\":\"login\",\"event_id\":\"a\"}", "customer_id", "missing_field", "missing or null")]
    [InlineData("{\"type\":\"login\",\"event_id\":\"a\",\"customer_id\":17}", "customer_id", "wrong_type", "number 17, expected text")]
    [InlineData("{\"type\":\"login\",\"event_id\":\"a\",\"customer_id\":{}}", "customer_id", "wrong_type", "an object, expected text")]
    [InlineData("{\"type\":\"login\",\"event_id\":\"a\",\"customer_id\":\"c\"}", "occurred_at", "missing_field", "missing or null")]
    public void TryParse_WhenHeadIsBad_NamesTheField(string line, string field, string reason, string detail) => AssertRejected(line, field, reason, detail);

    [Theory]
    [InlineData("1773050400", "wrong_type", "number 1773050400, expected RFC 3339 with an offset, such as 2026-03-09T10:00:00Z")]
    [InlineData("\"2026-03-09\"", "bad_instant", "\"2026-03-09\" is no instant, expected RFC 3339 with an offset, such as 2026-03-09T10:00:00Z")]
    [InlineData("\"2026-03-09T10:00:00\"", "bad_instant", "\"2026-03-09T10:00:00\" has no offset, expected RFC 3339 with an offset, such as 2026-03-09T10:00:00Z")]
    [InlineData("\"2026-02-29T10:00:00Z\"", "bad_instant", "\"2026-02-29T10:00:00Z\" does not exist, expected RFC 3339 with an offset, such as 2026-03-09T10:00:00Z")]
    [InlineData("\"2016-12-31T23:59:60Z\"", "bad_instant", "\"2016-12-31T23:59:60Z\" is a leap second, expected RFC 3339 with an offset, such as 2026-03-09T10:00:00Z")]
    [InlineData("\"1899-12-31T23:59:59Z\"", "out_of_range", "\"1899-12-31T23:59:59Z\", expected 1900 or later")]
    [InlineData("\"2026-03-10T10:00:00.000001Z\"", "occurred_at_in_future", "\"2026-03-10T10:00:00.000001Z\", expected at most 24 h ahead of the clock")]
    public void TryParse_WhenOccurredAtIsBad_SaysWhy(string value, string reason, string detail) =>
        AssertRejected("{\"event_id\":\"e\",\"customer_id\":\"c\",\"type\":\"login\",\"success\":true,\"occurred_at\":" + value + "}", "occurred_at", reason, detail);

    [Theory]
    [InlineData("\"x\":1}", "success", "missing_field", "missing or null")]
    [InlineData("\"success\":\"true\"}", "success", "wrong_type", "text \"true\", expected true or false")]
    [InlineData("\"success\":true,\"device_id\":5}", "device_id", "wrong_type", "number 5, expected text")]
    [InlineData("\"success\":true,\"country\":\"AUT\"}", "country", "too_long", "3 bytes, expected at most 2")]
    [InlineData("\"success\":true,\"channel\":[]}", "channel", "wrong_type", "an array, expected text")]
    public void TryParse_WhenLoginFieldIsBad_NamesIt(string rest, string field, string reason, string detail) => AssertRejected(Login + rest, field, reason, detail);

    [Theory]
    [InlineData("{\"currency\":\"EUR\"}", "amount", "missing_field", "neither amount nor amount_minor is there")]
    [InlineData("{\"amount\":\"1\"}", "currency", "missing_field", "missing or null")]
    [InlineData("{\"amount\":\"1\",\"currency\":\"eur\"}", "currency", "unknown_currency", "\"eur\", expected an ISO 4217 code such as EUR")]
    [InlineData("{\"amount\":\"1\",\"currency\":\"XAU\"}", "currency", "unknown_currency", "\"XAU\", expected an ISO 4217 code such as EUR")]
    [InlineData("{\"amount\":\"1.234\",\"currency\":\"EUR\"}", "amount", "too_many_decimals", "1.234, expected at most 2 decimals for EUR")]
    [InlineData("{\"amount\":1.5,\"currency\":\"JPY\"}", "amount", "too_many_decimals", "1.5, expected at most 0 decimals for JPY")]
    [InlineData("{\"amount\":\"1,50\",\"currency\":\"EUR\"}", "amount", "bad_amount", "text \"1,50\", expected a decimal such as 12.30")]
    [InlineData("{\"amount\":\"\",\"currency\":\"EUR\"}", "amount", "bad_amount", "text \"\", expected a decimal such as 12.30")]
    [InlineData("{\"amount\":\" 1\",\"currency\":\"EUR\"}", "amount", "bad_amount", "text \" 1\", expected a decimal such as 12.30")]
    [InlineData("{\"amount\":true,\"currency\":\"EUR\"}", "amount", "wrong_type", "true, expected a decimal number or text")]
    [InlineData("{\"amount\":-1,\"currency\":\"EUR\"}", "amount", "out_of_range", "-1, expected 0..1000000000000000 minor units")]
    [InlineData("{\"amount\":1e400,\"currency\":\"EUR\"}", "amount", "out_of_range", "1e400, expected 0..1000000000000000 minor units")]
    [InlineData("{\"amount\":\"10000000000000.01\",\"currency\":\"EUR\"}", "amount", "out_of_range", "10000000000000.01, expected 0..1000000000000000 minor units")]
    [InlineData("{\"amount\":\"1\",\"amount_minor\":101,\"currency\":\"EUR\"}", "amount", "amounts_disagree", "1 is 100 minor units, but amount_minor says 101")]
    [InlineData("{\"amount_minor\":\"5\",\"currency\":\"EUR\"}", "amount_minor", "wrong_type", "text \"5\", expected a whole number")]
    [InlineData("{\"amount_minor\":5.0,\"currency\":\"EUR\"}", "amount_minor", "too_many_decimals", "5.0, expected a whole number")]
    [InlineData("{\"amount_minor\":-5,\"currency\":\"EUR\"}", "amount_minor", "out_of_range", "-5, expected 0..1000000000000000")]
    [InlineData("{\"amount_minor\":99999999999999999999999999999999999999999,\"currency\":\"EUR\"}", "amount_minor", "out_of_range", "99999999999999999999999999999999999999999, expected 0..1000000000000000")]
    [InlineData("{\"amount\":1,\"currency\":\"EUR\",\"billing_currency\":\"USD\"}", "billing_amount_minor", "missing_field", "missing or null; needed because billing_currency differs from currency")]
    [InlineData("{\"amount\":1,\"currency\":\"EUR\",\"billing_amount\":\"1.001\"}", "billing_amount", "too_many_decimals", "1.001, expected at most 2 decimals for EUR")]
    [InlineData("{\"amount\":1,\"currency\":\"EUR\",\"mcc\":10000}", "mcc", "out_of_range", "10000, expected 0..9999")]
    [InlineData("{\"amount\":1,\"currency\":\"EUR\",\"mcc\":\"5411\"}", "mcc", "wrong_type", "text \"5411\", expected a whole number")]
    [InlineData("{\"amount\":1,\"currency\":\"EUR\",\"lat\":90.0000005001}", "lat", "out_of_range", "90.0000005001, expected -90..90")]
    [InlineData("{\"amount\":1,\"currency\":\"EUR\",\"lat\":\"48\"}", "lat", "wrong_type", "text \"48\", expected a number")]
    public void TryParse_WhenTransactionIsBad_NamesTheField(string fields, string field, string reason, string detail) =>
        AssertRejected(EventParserTests.With(fields), field, reason, detail);

    [Fact]
    public void TryParse_WhenClosedVocabularyIsLeft_ListsIt() =>
        AssertRejected(EventParserTests.Purchase.Replace("debit", "in"), "direction", "not_in_vocabulary", "\"in\", expected one of debit, credit");

    [Fact]
    public void TryParse_WhenDayIsBad_SaysSo() =>
        AssertRejected("{" + Head + "\"type\":\"profile\",\"birth_date\":\"2001-13-01\"}", "birth_date", "bad_day", "\"2001-13-01\", expected a day such as 2026-03-09");

    [Fact]
    public void TryParse_WhenIdIsTooLong_SaysHowLong()
    {
        AssertRejected(EventParserTests.Purchase.Replace("\"c1\"", $"\"{new string('x', 129)}\""), "customer_id", "too_long", "129 bytes, expected 1..128");
        EventParserTests.Parse(EventParserTests.Purchase.Replace("\"c1\"", $"\"{new string('x', 128)}\""));
    }

    [Fact]
    public void TryParse_WhenNestedTooDeep_SaysSo()
    {
        string Nested(int depth) => Login + "\"success\":true,\"x\":" + new string('[', depth - 1) + new string(']', depth - 1) + "}";
        EventParserTests.Parse(Nested(32));
        AssertRejected(Nested(33), "", "too_deep", "nested deeper than 32");
        AssertRejected(Nested(5000), "", "too_deep", "nested deeper than 32");
    }

    [Fact]
    public void TryParse_WhenNotUtf8_NamesTheByte()
    {
        byte[] line = [.. "{\"a\":\""u8, 0xc3, 0x28, .. "\"}"u8];
        Assert.False(new EventParser().TryParse(line, EventParserTests.Now, out _, out var why));
        Assert.Equal(new Rejection("", "invalid_utf8", "byte 6 is not UTF-8"), why);
    }

    private static void AssertRejected(string line, string field, string reason, string detail)
    {
        Assert.False(new EventParser().TryParse(Encoding.UTF8.GetBytes(line), EventParserTests.Now, out _, out var why), "was accepted");
        Assert.Equal(new Rejection(field, reason, detail), why);
    }
}
