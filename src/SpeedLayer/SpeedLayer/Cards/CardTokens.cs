using System.Collections.Concurrent;
using System.Security.Cryptography;
using Lambda.Domain.Cards;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Cards;

/// <summary>
/// Tokens under the keys of the moment. While a key is being rotated out, every card's older tokens are linked to the new one before the new one is used anywhere: so the customer is found
/// when the older key is gone.
/// </summary>
/// <param name="keys">Asked each time; null: there are none.</param>
/// <param name="vault">Keeps first and last digits; null: nobody does.</param>
public sealed class CardTokens(Func<CardKeys?> keys, ICardDirectory directory, CardVault? vault = null) : ICardTokens
{
    private const int Remembered = 200_000;

    private readonly ConcurrentDictionary<string, bool> _linked = new();
    private sealed record Made(CardKeys Keys, CardTokenizer Tokenizer);

    private volatile Made? _made;

    /// <exception cref="StorageException">A link could not be recorded: the token must not be used.</exception>
    public IReadOnlyList<string>? TokensOf(ReadOnlySpan<byte> number)
    {
        if (keys() is not { } now) return null;
        Span<byte> digits = stackalloc byte[CardNumber.DigitsMax];
        if (!CardNumber.TryNormalise(number, digits, out var length)) throw new FormatException("expected 13..19 digits with a right check digit");
        var all = TokenizerOf(now).All(digits[..length]);
        if (all.Count > 1 && !_linked.ContainsKey(all[0])) Link(all);
        vault?.Keep(all[0], digits[..length]);
        CryptographicOperations.ZeroMemory(digits);
        return all;
    }

    private void Link(IReadOnlyList<string> all)
    {
        for (var i = all.Count - 1; i > 0; i--) directory.Link(all[i], all[i - 1]);
        if (_linked.Count >= Remembered) _linked.Clear();
        _linked[all[0]] = true;
    }

    private CardTokenizer TokenizerOf(CardKeys now)
    {
        if (_made is { } made && ReferenceEquals(made.Keys, now)) return made.Tokenizer;
        var tokenizer = new CardTokenizer(now);
        _made = new Made(now, tokenizer);
        return tokenizer;
    }
}
