using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Cards;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Cards;

/// <summary>
/// First and last digits of card numbers, as they are kept: AES-256-GCM, in a row whose name is an HMAC of the token. Both keys are derived from the one that the token was made under, so
/// without the key file nobody joins a row to a token or reads it, and what was sealed under a retired key can be read no more.
/// </summary>
/// <param name="keys">Asked each time; null: there are none.</param>
public sealed class CardVault(Func<CardKeys?> keys, ICardDigits store)
{
    private const int NonceBytes = 12, TagBytes = 16, BinMax = 8, LastDigits = 4, Remembered = 200_000;

    private readonly ConcurrentDictionary<string, bool> _kept = new();

    /// <summary>Keeps what may be kept. Nobody waits for a store that cannot be written: the token counts, and the card is seen again.</summary>
    public void Keep(string token, ReadOnlySpan<byte> digits)
    {
        if (_kept.ContainsKey(token) || KeyOf(token) is not { } key) return;
        // Of 16 digits and more the first eight may stand beside the last four, of fewer six.
        Span<byte> kept = stackalloc byte[BinMax + LastDigits];
        kept.Fill((byte)' ');
        digits[..(digits.Length >= 16 ? BinMax : 6)].CopyTo(kept);
        digits[^LastDigits..].CopyTo(kept[BinMax..]);
        try
        {
            store.Put(RowOf(key, token), Seal(key, token, kept));
        }
        catch (StorageException)
        {
            return;
        }
        if (_kept.Count >= Remembered) _kept.Clear();
        _kept[token] = true;
    }

    /// <summary>Null when they were never seen, or sealed under a key that is gone, or do not open.</summary>
    /// <exception cref="StorageException">The store cannot be asked now.</exception>
    public (string Bin, string LastFour)? Find(string token)
    {
        if (KeyOf(token) is not { } key || store.Find(RowOf(key, token)) is not { } bytes || bytes.Length != NonceBytes + TagBytes + BinMax + LastDigits) return null;
        Span<byte> text = stackalloc byte[BinMax + LastDigits];
        try
        {
            using var aes = new AesGcm(Derived(key, "lambda card digits"u8), TagBytes);
            aes.Decrypt(bytes.AsSpan(0, NonceBytes), bytes.AsSpan(NonceBytes + TagBytes), bytes.AsSpan(NonceBytes, TagBytes), text, Encoding.UTF8.GetBytes(token));
        }
        catch (CryptographicException)
        {
            return null;
        }
        return (Encoding.ASCII.GetString(text[..BinMax]).TrimEnd(), Encoding.ASCII.GetString(text[BinMax..]));
    }

    /// <summary>Of cards whose customer is erased.</summary>
    public long Remove(IReadOnlyCollection<string> tokens)
    {
        var removed = store.Remove([.. tokens.Select(t => KeyOf(t) is { } key ? RowOf(key, t) : null).OfType<string>()]);
        foreach (var token in tokens) _kept.TryRemove(token, out _);
        return removed;
    }

    private static byte[] Seal(CardKey key, string token, ReadOnlySpan<byte> text)
    {
        var bytes = new byte[NonceBytes + TagBytes + text.Length];
        RandomNumberGenerator.Fill(bytes.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(Derived(key, "lambda card digits"u8), TagBytes);
        aes.Encrypt(bytes.AsSpan(0, NonceBytes), text, bytes.AsSpan(NonceBytes + TagBytes), bytes.AsSpan(NonceBytes, TagBytes), Encoding.UTF8.GetBytes(token));
        return bytes;
    }

    private static string RowOf(CardKey key, string token) => Convert.ToHexStringLower(HMACSHA256.HashData(Derived(key, "lambda card rows"u8), Encoding.UTF8.GetBytes(token)));

    private static byte[] Derived(CardKey key, ReadOnlySpan<byte> purpose) => HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Secret.ToArray(), 32, info: purpose.ToArray());

    private CardKey? KeyOf(string token) => CardTokenizer.KeyOf(token) is { } id ? keys()?.All.FirstOrDefault(k => k.Id == id) : null;
}
