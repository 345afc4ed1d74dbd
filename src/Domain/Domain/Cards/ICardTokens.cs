namespace Lambda.Domain.Cards;

/// <summary>Card numbers to tokens.</summary>
public interface ICardTokens
{
    /// <summary>The card's token under the current key, and behind it those under older keys that are still in use.</summary>
    /// <param name="number">UTF-8: digits, maybe with single spaces or dashes between them.</param>
    /// <returns>Null when there are no keys to make tokens with.</returns>
    /// <exception cref="FormatException">It is no card number. Never shows it.</exception>
    IReadOnlyList<string>? TokensOf(ReadOnlySpan<byte> number);
}
