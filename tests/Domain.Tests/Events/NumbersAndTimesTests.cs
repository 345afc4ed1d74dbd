using System.Globalization;
using System.Numerics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Lambda.Domain.Events;
using Xunit;

namespace Lambda.Domain.Tests.Events;

public sealed class NumbersAndTimesTests
{
    /// <summary>Against exact rationals: mantissa × 10^exponent in BigInteger.</summary>
    [Property(MaxTest = 5000)]
    public void Parse_WhenNumberIsWritten_IsExact(bool negative, ulong whole, bool point, uint fraction, sbyte exponent, byte zeros, byte placesByte)
    {
        var places = placesByte % 7;
        var fractionText = point ? new string('0', zeros % 4) + fraction.ToString(CultureInfo.InvariantCulture) : "";
        var text = (negative ? "-" : "") + whole + (point ? "." + fractionText : "") + (exponent == 0 ? "" : "e" + exponent / 4);
        var decimals = fractionText.Length - exponent / 4;
        var mantissa = BigInteger.Parse(whole + fractionText, CultureInfo.InvariantCulture) * (negative ? -1 : 1);

        var error = Decimals.Parse(Encoding.UTF8.GetBytes(text), places, out var scaled);

        if (decimals > places)
        {
            Assert.Equal(NumberError.TooManyDecimals, error);
            return;
        }
        var expected = mantissa * BigInteger.Pow(10, places - decimals);
        var fits = BigInteger.Abs(expected) < BigInteger.Pow(10, 38);
        Assert.Equal(fits ? NumberError.None : NumberError.TooLarge, error);
        if (fits) Assert.Equal(expected, (BigInteger)scaled);
    }

    [Property(MaxTest = 3000)]
    public void ParseRounded_WhenMoreDigitsThanPlaces_RoundsHalfEven(decimal value)
    {
        var text = Encoding.UTF8.GetBytes(value.ToString(CultureInfo.InvariantCulture));

        Assert.Equal(NumberError.None, Decimals.ParseRounded(text, 6, out var scaled));

        var expected = Math.Round(value, 6, MidpointRounding.ToEven);
        Assert.Equal(expected, Scaled(scaled));
    }

    [Property(MaxTest = 2000)]
    public void Format_WhenParsedBack_GivesTheSame(long high, ulong low)
    {
        var value = new Int128((ulong)(high % 1_000_000_000_000_000_000), low) % ((Int128)1_000_000_000_000_000_000 * 10_000_000_000_000_000_000);
        Span<byte> text = stackalloc byte[Decimals.MaxBytes];
        var length = Decimals.Format(value, text);

        Assert.Equal(NumberError.None, Decimals.Parse(text[..length], 6, out var back));
        Assert.Equal(value, back);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("+1")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("00")]
    [InlineData("01.5")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("1 ")]
    [InlineData("0x10")]
    [InlineData("NaN")]
    [InlineData("1_000")]
    [InlineData("1.2.3")]
    [InlineData("٣")]
    public void Parse_WhenNotJsonsNumber_Refuses(string text) =>
        Assert.Equal(NumberError.NotANumber, Decimals.Parse(Encoding.UTF8.GetBytes(text), 6, out _));

    [Theory]
    [InlineData("1e999999999999", NumberError.TooLarge)]
    [InlineData("1e-999999999999", NumberError.TooManyDecimals)]
    [InlineData("0e999999999999", NumberError.None)]
    [InlineData("-0", NumberError.None)]
    [InlineData("1e37", NumberError.TooLarge)]
    [InlineData("1e31", NumberError.None)]
    [InlineData("0.0000005", NumberError.TooManyDecimals)]
    public void Parse_WhenExtreme_SaysWhich(string text, NumberError expected) => Assert.Equal(expected, Decimals.Parse(Encoding.UTF8.GetBytes(text), 6, out _));

    [Theory]
    [InlineData("EUR", 2)]
    [InlineData("JPY", 0)]
    [InlineData("KWD", 3)]
    [InlineData("CLF", 4)]
    [InlineData("HRK", 2)]
    public void TryDigits_WhenKnown_GivesDecimals(string code, int expected)
    {
        Assert.True(Currencies.TryDigits(Encoding.UTF8.GetBytes(code), out var digits));
        Assert.Equal(expected, digits);
    }

    [Theory]
    [InlineData("eur")]
    [InlineData("XXX")]
    [InlineData("EURO")]
    [InlineData("E")]
    [InlineData("")]
    [InlineData("E1R")]
    public void TryDigits_WhenUnknown_IsFalse(string code) => Assert.False(Currencies.TryDigits(Encoding.UTF8.GetBytes(code), out _));

    [Fact]
    public void Currencies_WhenListed_AreAllThere() => Assert.InRange(Currencies.All().Count(), 160, 190);

    [Property(MaxTest = 3000)]
    public void Parse_WhenInstantIsFormatted_GivesItBack(long seed)
    {
        const long span = (Instants.MaxDay - Instants.MinDay) * Clock.MicrosPerDay;
        var micros = Instants.MinDay * Clock.MicrosPerDay + (seed & long.MaxValue) % span;
        Span<byte> text = stackalloc byte[Instants.MaxBytes];
        var length = Instants.Format(micros, text);

        Assert.Equal(InstantError.None, Instants.Parse(text[..length], out var back));
        Assert.Equal(micros, back);
        Assert.Equal(DateTime.UnixEpoch.AddTicks(micros * 10), DateTimeOffset.Parse(Encoding.UTF8.GetString(text[..length]), CultureInfo.InvariantCulture).UtcDateTime);
    }

    [Theory]
    [InlineData("2026-03-09T10:00:00+05:30", "2026-03-09T04:30:00Z")]
    [InlineData("2026-03-09t10:00:00z", "2026-03-09T10:00:00Z")]
    [InlineData("2026-03-09 10:00:00-00:00", "2026-03-09T10:00:00Z")]
    [InlineData("2026-03-09T10:00:00.1234567899Z", "2026-03-09T10:00:00.123456Z")]
    [InlineData("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00Z")]
    [InlineData("2024-02-29T00:00:00.5Z", "2024-02-29T00:00:00.500Z")]
    public void Parse_WhenInstantHasAnOffset_GivesUtc(string text, string expected)
    {
        Assert.Equal(InstantError.None, Instants.Parse(Encoding.UTF8.GetBytes(text), out var micros));
        var buffer = new byte[Instants.MaxBytes];
        Assert.Equal(expected, Encoding.UTF8.GetString(buffer, 0, Instants.Format(micros, buffer)));
    }

    [Theory]
    [InlineData("2026-03-09T10:00Z", InstantError.NotRfc3339)]
    [InlineData("2026-03-09T24:00:00Z", InstantError.NoSuchTime)]
    [InlineData("2026-03-09T10:00:00.Z", InstantError.NotRfc3339)]
    [InlineData("2026-03-09T10:00:00+0530", InstantError.NotRfc3339)]
    [InlineData("2026-03-09T10:00:00+24:00", InstantError.NoSuchTime)]
    [InlineData("2026-13-09T10:00:00Z", InstantError.NoSuchTime)]
    [InlineData("2026-03-00T10:00:00Z", InstantError.NoSuchTime)]
    [InlineData("0000-03-09T10:00:00Z", InstantError.NoSuchTime)]
    [InlineData("1900-02-29T10:00:00Z", InstantError.NoSuchTime)]
    [InlineData("2026-03-09T10:00:00Zx", InstantError.NotRfc3339)]
    [InlineData("2026-03-09T10:60:00Z", InstantError.NoSuchTime)]
    [InlineData("2026-03-09T1a:00:00Z", InstantError.NotRfc3339)]
    [InlineData("yesterday at ten o'clock", InstantError.NotRfc3339)]
    public void Parse_WhenInstantIsBad_SaysWhy(string text, InstantError expected) => Assert.Equal(expected, Instants.Parse(Encoding.UTF8.GetBytes(text), out _));

    private static decimal Scaled(Int128 value) => (decimal)(value / 1_000_000) + (decimal)(long)(value % 1_000_000) / 1_000_000;
}
