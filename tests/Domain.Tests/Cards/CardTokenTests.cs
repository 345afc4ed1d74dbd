using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Cards;
using Lambda.Domain.Events;
using Xunit;

namespace Lambda.Domain.Tests.Cards;

public sealed class CardTokenTests
{
    private const string Visa = "4111111111111111";

    [Theory]
    [InlineData("4111111111111111", true)]
    [InlineData(" 4111 1111 1111 1111\t", true)]
    [InlineData("4111-1111-1111-1111", true)]
    [InlineData("378282246310005", true)]
    [InlineData("4222222222222", true)] // 13 digits
    [InlineData("6304000000000000000", true)] // 19
    [InlineData("4111111111111112", false)] // check digit
    [InlineData("4111  1111 1111 1111", false)]
    [InlineData("-4111111111111111", false)]
    [InlineData("4111111111111111-", false)]
    [InlineData("411111111111", false)]
    [InlineData("41111111111111111111", false)]
    [InlineData("4111x1111111111111", false)]
    [InlineData("", false)]
    public void Number_WhenRead_IsOneOrNot(string text, bool isOne)
    {
        Span<byte> digits = stackalloc byte[CardNumber.DigitsMax];
        Assert.Equal(isOne, CardNumber.TryNormalise(Encoding.UTF8.GetBytes(text), digits, out var length));
        if (isOne) Assert.Equal(string.Concat(text.Where(char.IsAsciiDigit)), Encoding.ASCII.GetString(digits[..length]));
    }

    /// <summary>Held against the library's HMAC, byte by byte.</summary>
    [Fact]
    public void Token_OfANumber_IsItsHmacInLetters()
    {
        var keys = CardKeys.Parse($"k2 {new string('b', 64)}\nk1 {new string('a', 64)}\n");
        var tokens = new CardTokenizer(keys).All(Encoding.ASCII.GetBytes(Visa));
        Assert.Equal(2, tokens.Count);
        foreach (var (token, key) in tokens.Zip(keys.All))
        {
            var mac = new HMACSHA256(key.Secret.ToArray()).ComputeHash(Encoding.ASCII.GetBytes(Visa));
            Assert.Equal($"tok_{key.Id}_" + string.Concat(mac.Take(24).Select(b => $"{(char)('a' + b / 16)}{(char)('a' + b % 16)}")), token);
        }
    }

    [Fact]
    public void Tokens_OfRandomCards_DifferAndNeverLookLikeCards()
    {
        var (random, seen) = (new Random(3), new HashSet<string>());
        var tokenizer = new CardTokenizer(CardKeys.New().Rotated());
        for (var i = 0; i < 5_000; i++)
        {
            var digits = Enumerable.Range(0, random.Next(13, 20)).Select(_ => (byte)('0' + random.Next(10))).ToArray();
            foreach (var token in tokenizer.All(digits))
            {
                Assert.True(token.Length <= CardTokenizer.TokenMax);
                Assert.False(PanMasker.Contains(Encoding.ASCII.GetBytes($"\"{token}\"")), token);
                seen.Add(token);
            }
        }
        Assert.Equal(10_000, seen.Count);
    }

    [Fact]
    public void Token_WhenWritten_AllocatesNothing()
    {
        var (tokenizer, token, digits) = (new CardTokenizer(CardKeys.New()), new byte[CardTokenizer.TokenMax], Encoding.ASCII.GetBytes(Visa));
        tokenizer.Write(digits, 0, token);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) tokenizer.Write(digits, 0, token);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Keys_WhenRotatedAndRetired_KeepTheOthersAndTheirText()
    {
        var first = CardKeys.New();
        var second = CardKeys.Parse(first.Rotated().ToString());
        Assert.Equal(["k2", "k1"], second.All.Select(k => k.Id));
        Assert.Equal(first.Current.Secret.ToArray(), second.All[1].Secret.ToArray());
        Assert.Equal(["k2"], second.Without("k1").All.Select(k => k.Id));
        Assert.Throws<FormatException>(() => second.Without("k2"));
        Assert.Throws<FormatException>(() => second.Without("k9"));
        while (second.All.Count < CardKeys.KeysMax) second = second.Rotated();
        Assert.Throws<FormatException>(() => second.Rotated());
    }

    [Theory]
    [InlineData("", "there is no key in it")]
    [InlineData("# none\n\n", "there is no key in it")]
    [InlineData("k1 abc", "line 1: expected an id of 1..16 letters and digits, a space and 64 hexadecimal digits")]
    [InlineData("k_1 0000000000000000000000000000000000000000000000000000000000000000", "line 1: ")]
    [InlineData("k1 0000000000000000000000000000000000000000000000000000000000000000\nk1 0000000000000000000000000000000000000000000000000000000000000000", "line 2: the id k1 comes twice")]
    public void Keys_WhenTheTextIsWrong_SayWhereAndNoSecret(string text, string message)
    {
        var error = Assert.Throws<FormatException>(() => CardKeys.Parse(text)).Message;
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("0000", error, StringComparison.Ordinal);
    }

    // --- in events --------------------------------------------------------------------------------------------------------------

    private sealed class Fixed : ICardTokens
    {
        public static readonly string[] Tokens = [.. new CardTokenizer(CardKeys.Parse($"k2 {new string('b', 64)}\nk1 {new string('a', 64)}\n")).All(Encoding.ASCII.GetBytes(Visa))];

        public IReadOnlyList<string>? TokensOf(ReadOnlySpan<byte> number) => CardNumber.TryNormalise(number, new byte[CardNumber.DigitsMax], out _) ? Tokens : throw new FormatException("expected 13..19 digits with a right check digit");
    }

    private static readonly string Token = Fixed.Tokens[0];

    private static string Event(string more) => "{\"type\":\"card\",\"event_id\":\"e\",\"customer_id\":\"c\",\"card_status\":\"active\",\"occurred_at\":\"2026-01-01T00:00:00Z\"" + more + "}";

    [Theory]
    [InlineData(",\"card_number\":\"4111 1111 1111 1111\"")]
    [InlineData(",\"card_number\":4111111111111111")]
    [InlineData(",\"card_number\" : \"4111-1111-1111-1111\" , \"x\":1")]
    [InlineData(",\"card_number\":\"\\u0034111111111111111\"")]
    [InlineData(",\"card\\u005fnumber\":\"4111111111111111\"")]
    [InlineData(",\"card_number\":\"4111111111111111\",\"card_token\":\"TOKEN\"")]
    [InlineData(",\"card_token\":\"TOKEN\",\"card_number\":\"4111111111111111\"")]
    public void Event_WithACardNumber_HasItsTokenInstead(string more)
    {
        var parser = new EventParser { Cards = new Fixed() };
        Assert.True(parser.TryParse(Encoding.UTF8.GetBytes(Event(more.Replace("TOKEN", Token, StringComparison.Ordinal))), long.MaxValue / 2, out var record, out var why), $"{why}");
        var row = new EventRow();
        RecordCodec.Read(record.ToArray(), row);
        Assert.Equal(Token, Encoding.UTF8.GetString(row.Text(EventCatalog.CardToken.Ordinal)));
        Assert.DoesNotContain("1111", Encoding.UTF8.GetString(record), StringComparison.Ordinal);
        Assert.DoesNotContain("card_number", Encoding.UTF8.GetString(record), StringComparison.Ordinal);
        Assert.False(RecordCodec.TryFindExtra(row, "card_number"u8, out _, out _));
    }

    [Theory]
    [InlineData(",\"card_number\":\"4111111111111112\"", "card_number", "bad_card_number")]
    [InlineData(",\"card_number\":\"4111111111111111\",\"card_token\":\"tok_other\"", "card_token", "wrong_token")]
    [InlineData(",\"card_number\":\"4111111111111111\",\"memo\":\"was 4012 8888 8888 1881\"", "memo", "card_number")]
    [InlineData(",\"card\":{\"card_number\":\"4111111111111111\"}", "card_number", "card_number")]
    [InlineData(",\"card_number\":\"4111111111111111\",\"card_number\":\"4111111111111111\"", "card_number", "duplicate_key")]
    // of a range that no brand has
    [InlineData(",\"card\":{\"card_number\":\"1111111111111117\"}", "card_number", "card_number")]
    [InlineData(",\"card\":[{\"card\\u005fnumber\":1111111111111117}]", "card_number", "card_number")]
    [InlineData(",\"card_number\":[\"1111111111111117\"]", "card_number", "card_number")]
    [InlineData(",\"card_number\":\"1111111111111117\",\"card\\u005fnumber\":\"1111 1111 1111 1117\"", "card_number", "duplicate_key")]
    [InlineData(",\"card_number\":\"1111111111111117\",\"x\":", "", "malformed_json")]
    [InlineData(",\"card_number\":\"1111111111111117\",\"x\":\"\\ud800\"", "", "invalid_escape")]
    public void Event_WithANumberThatIsNoneOrElsewhere_IsRefusedAndMasked(string more, string field, string reason)
    {
        var line = Encoding.UTF8.GetBytes(Event(more));
        Assert.False(new EventParser { Cards = new Fixed() }.TryParse(line, long.MaxValue / 2, out _, out var why));
        Assert.Equal((field, reason), (why.Field, why.Reason));
        foreach (var text in (string[])[why.Detail, Encoding.UTF8.GetString(PanMasker.MaskLine(line))]) Assert.DoesNotContain("11111111", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4111111111111111")]
    [InlineData("1111111111111117")]
    public void Event_WithACardNumberAndNoKeys_IsRefused(string number)
    {
        Assert.False(new EventParser().TryParse(Encoding.UTF8.GetBytes(Event($",\"card_number\":\"{number}\"")), long.MaxValue / 2, out _, out var why));
        Assert.Equal("card_number", why.Reason);
    }

    /// <summary>For authorizations, which are decided nevertheless.</summary>
    [Theory]
    [InlineData("""{"a":{"card_number":"1111111111111117"},"b":"kept 12"}""", """{"a":{"card_number":"****"},"b":"kept 12"}""")]
    [InlineData("""{"a":{"card\u005fnumber":{"n":["\u0031111111111111117",1],"1111111111111117":true},"c":7}}""", """{"a":{"card\u005fnumber":{"****":["****","****"],"****":true},"c":7}}""")]
    [InlineData("""{"a":[{"card_number":1111111111111117},8]}""", """{"a":[{"card_number":"****"},8]}""")]
    public void MaskJson_WhatStandsUnderTheName_IsHidden(string json, string masked) => Assert.Equal(masked, Encoding.UTF8.GetString(CardText.MaskJson(Encoding.UTF8.GetBytes(json))));
}
