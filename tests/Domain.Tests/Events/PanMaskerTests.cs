using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Lambda.Domain.Events;
using Xunit;

namespace Lambda.Domain.Tests.Events;

public sealed class PanMaskerTests
{
    [Theory]
    [InlineData("4111111111111111", "************1111")]
    [InlineData("4222222222222", "*********2222")]
    [InlineData("5555-5555-5555-4444", "****-****-****-4444")]
    [InlineData("3782 822463 10005", "**** ****** *0005")]
    [InlineData("2223003122003222", "************3222")]
    [InlineData("6011111111111117", "************1117")]
    [InlineData("3530111333300000", "************0000")]
    [InlineData("30569309025904", "**********5904")]
    [InlineData("6304000000000000", "************0000")]
    [InlineData("card 4111 1111 1111 1111 12/27", "card **** **** **** 1111 12/27")]
    [InlineData("12 4111-1111-1111-1111", "12 ****-****-****-1111")]
    [InlineData("(4111111111111111)", "(************1111)")]
    [InlineData("tok_4111111111111111", "tok_************1111")]
    [InlineData("é4111111111111111é", "é************1111é")]
    [InlineData("\"\\u0034111111111111111\"", "\"************1111\"")]
    [InlineData("\"4111\\u00201111\\u002d1111 \\u0031111\"", "\"****\\u0020****\\u002d**** \\u0031111\"")]
    [InlineData("\"\\n4111111111111111\\t\"", "\"\\n************1111\\t\"")]
    [InlineData("[4111111111111111,5555555555554444]", "[************1111,************4444]")]
    [InlineData("4111111111111111.0", "************1111.0")]
    public void Mask_WhenCardNumber_KeepsTheLastFourDigits(string text, string masked)
    {
        Assert.Equal(masked, PanMasker.Mask(text));
        Assert.True(PanMasker.Contains(Encoding.UTF8.GetBytes(text)));
        Assert.False(PanMasker.Contains(Encoding.UTF8.GetBytes(masked)));
    }

    [Theory]
    [InlineData("4111111111111112")] // fails Luhn
    [InlineData("1111111111111117")] // no issuer begins like this
    [InlineData("0000000000000000")]
    [InlineData("41111111111111110000")] // twenty digits
    [InlineData("4111  1111 1111 1111")] // two spaces
    [InlineData("4111.1111.1111.1111")]
    [InlineData("a4111111111111111")] // part of a word, as in hashes
    [InlineData("4111111111111111a")]
    [InlineData("\\\\u4111111111111111")] // a backslash, then u411…
    [InlineData("\"41111111-1111-4111-8111-111111111111\"")]
    [InlineData("1773050400123456")]
    [InlineData("2026-03-09T10:00:00.123456Z")]
    public void Mask_WhenNoCardNumber_ChangesNothing(string text) => Assert.Equal(text, PanMasker.Mask(text));

    /// <summary>A card number between any neighbours, split and escaped in any permitted way, is found, and nothing that passes as one is left.</summary>
    [Property(Arbitrary = [typeof(Canaries)], MaxTest = 3000)]
    public void Mask_WhenCanaryIsHidden_LeavesNone(Canary canary)
    {
        var line = Encoding.UTF8.GetBytes(canary.Text);
        var masked = PanMasker.Mask(line);

        Assert.True(PanMasker.Contains(line), canary.Text);
        Assert.False(PanMasker.Contains(masked), Encoding.UTF8.GetString(masked));
        Assert.DoesNotContain(canary.Digits[..^4], new string([.. Encoding.UTF8.GetString(masked).Where(char.IsAsciiDigit)]));
    }

    [Property(Arbitrary = [typeof(Canaries)], MaxTest = 500)]
    public void TryParse_WhenCanaryIsInAnyValueOrKey_RefusesTheEvent(Canary canary, int where)
    {
        var number = canary.Digits;
        string[] places =
        [
            $"\"merchant_name\":\"{canary.Text}\"", $"\"x\":\"{canary.Text}\"", $"\"{canary.Text}\":1", $"\"x\":{number}", $"\"x\":[{{\"y\":[{number}]}}]",
            $"\"x\":[{{\"y\":\"{canary.Text}\"}}]", $"\"x\":{{\"{canary.Text}\":0}}", $"\"card_token\":\"{canary.Text}\"", $"\"points\":{number}", $"\"x\":{number}.0",
        ];
        var line = EventParserTests.Purchase.Replace("}", "," + places[(where & 0x7fffffff) % places.Length] + "}");

        Assert.False(new EventParser().TryParse(Encoding.UTF8.GetBytes(line), EventParserTests.Now, out _, out var why), line);
        Assert.Equal("card_number", why.Reason);
        Assert.False(PanMasker.Contains(Encoding.UTF8.GetBytes(why.Field + " " + why.Detail)));
    }

    [Theory]
    [InlineData("customer_id", "c1")]
    [InlineData("event_id", "e1")]
    public void TryParse_WhenIdIsACardNumber_NamesTheId(string field, string value)
    {
        var line = EventParserTests.Purchase.Replace($"\"{value}\"", "\"4111111111111111\"");
        Assert.False(new EventParser().TryParse(Encoding.UTF8.GetBytes(line), EventParserTests.Now, out _, out var why));
        Assert.Equal((field, "card_number"), (why.Field, why.Reason));
    }

    [Fact]
    public void TryParse_WhenIdIsAUuidOfDigits_AcceptsIt() =>
        EventParserTests.Parse(EventParserTests.Purchase.Replace("\"e1\"", "\"41111111-1111-4111-8111-111111111111\""));
}

public sealed record Canary(string Digits, string Text);

public static class Canaries
{
    private static readonly Gen<string> Number =
        from form in Gen.Elements(("4", 13), ("4", 16), ("4", 19), ("51", 16), ("2221", 16), ("34", 15), ("36", 14), ("6011", 16), ("62", 17), ("3528", 16), ("5018", 13))
        from digits in Gen.Choose(0, 9).ListOf(form.Item2 - form.Item1.Length - 1)
        select WithCheckDigit(form.Item1 + string.Concat(digits));

    public static Arbitrary<Canary> Arbitrary() => Arb.From(
        from digits in Number
        from separators in Gen.Elements("", "", "", " ", "-", "\\u0020", "\\u002D").ListOf(digits.Length - 1)
        from escaped in Gen.Choose(0, 5).ListOf(digits.Length)
        from before in Gen.Elements("", "x ", "№", "12.", "pan=", "\\n", "\\\\ ", "\\u00e9", "007 ", "4242-", "_")
        from after in Gen.Elements("", " x", "…", ".5", ";", "\\t", "\\u00e9", " 12/27", "-0000", "_")
        select new Canary(digits, before + string.Concat(digits.Select((d, i) => (i > 0 ? separators[i - 1] : "") + (escaped[i] == 0 ? $"\\u003{d}" : d))) + after));

    private static string WithCheckDigit(string digits)
    {
        var sum = digits.Reverse().Select((d, i) => (d - '0') * (i % 2 == 0 ? 2 : 1)).Sum(n => n > 9 ? n - 9 : n);
        return digits + (10 - sum % 10) % 10;
    }
}
