namespace Lambda.Domain.Cards;

/// <summary>The number on a card (PAN): 13 to 19 digits, the last of which checks the others (Luhn). Lives on the stack only: what is kept of it is a token.</summary>
public static class CardNumber
{
    public const int DigitsMin = 13, DigitsMax = 19;

    /// <summary>The digits alone, as ASCII.</summary>
    /// <param name="text">UTF-8: digits, single spaces or dashes between them at will, white space around.</param>
    /// <param name="digits">At least <see cref="DigitsMax"/> bytes.</param>
    /// <returns>False: no card number. Ranges of issuers are not asked for: an issuer knows its own.</returns>
    public static bool TryNormalise(ReadOnlySpan<byte> text, Span<byte> digits, out int length)
    {
        length = 0;
        text = text.Trim(" \t"u8);
        var afterSeparator = true; // none may come first
        foreach (var b in text)
        {
            if (b is (byte)' ' or (byte)'-')
            {
                if (afterSeparator) return false;
                afterSeparator = true;
                continue;
            }
            if (b is < (byte)'0' or > (byte)'9' || length == DigitsMax) return false;
            digits[length++] = b;
            afterSeparator = false;
        }
        return !afterSeparator && length >= DigitsMin && PassesLuhn(digits[..length]);
    }

    private static bool PassesLuhn(ReadOnlySpan<byte> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[digits.Length - 1 - i] - '0';
            sum += i % 2 == 0 ? digit : digit < 5 ? digit * 2 : digit * 2 - 9;
        }
        return sum % 10 == 0;
    }
}
