namespace Lambda.Domain.Events;

/// <summary>Which digit strings can be card numbers: the issuer ranges of ISO/IEC 7812 in use, their lengths, and the Luhn check.</summary>
internal static class CardRanges
{
    internal const int MinDigits = 13, MaxDigits = 19;

    /// <summary>First six digits from..to, lengths from..to. Source: the networks' published ranges.</summary>
    private static readonly (int From, int To, int MinLength, int MaxLength)[] Ranges =
    [
        (400000, 499999, 13, 13), (400000, 499999, 16, 16), (400000, 499999, 19, 19), // Visa
        (510000, 559999, 16, 16), (222100, 272099, 16, 16), // Mastercard
        (340000, 349999, 15, 15), (370000, 379999, 15, 15), // American Express
        (300000, 305999, 14, 19), (309500, 309599, 14, 19), (360000, 369999, 14, 19), (380000, 399999, 14, 19), // Diners Club
        (352800, 358999, 16, 19), // JCB
        (500000, 509999, 13, 19), (560000, 589999, 13, 19), // Maestro, RuPay, Elo
        (600000, 699999, 13, 19), // Discover, UnionPay, Maestro, RuPay, Hipercard
        (810000, 829999, 16, 19), // UnionPay, RuPay
        (220000, 220499, 16, 19), // Mir
        (979200, 979289, 16, 16), // Troy
    ];

    /// <summary>True when the digits (values 0..9) are in a known range of their length and pass the Luhn check.</summary>
    internal static bool IsCard(ReadOnlySpan<byte> digits)
    {
        if (digits.Length is < MinDigits or > MaxDigits || digits[0] is 0 or 1 or 7) return false;
        return PassesLuhn(digits) && IsKnownRange(digits);
    }

    private static bool IsKnownRange(ReadOnlySpan<byte> digits)
    {
        var prefix = 0;
        foreach (var digit in digits[..6]) prefix = prefix * 10 + digit;
        foreach (var (from, to, min, max) in Ranges)
            if (prefix >= from && prefix <= to && digits.Length >= min && digits.Length <= max) return true;
        return false;
    }

    private static bool PassesLuhn(ReadOnlySpan<byte> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            int digit = digits[digits.Length - 1 - i];
            sum += i % 2 == 0 ? digit : digit < 5 ? digit * 2 : digit * 2 - 9;
        }
        return sum % 10 == 0;
    }
}
