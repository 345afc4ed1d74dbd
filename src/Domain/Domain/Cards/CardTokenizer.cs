using System.Security.Cryptography;
using System.Text;

namespace Lambda.Domain.Cards;

/// <summary>
/// Tokens of cards: `tok_KEY_` and 48 letters a..p, the first 24 bytes of HMAC-SHA-256 over all digits, four bits a letter. Without the key nothing of the number follows from a token, and
/// without digits behind the key's id none looks like a number itself. Thread-safe.
/// </summary>
public sealed class CardTokenizer(CardKeys keys)
{
    public const string Prefix = "tok_";
    private const int MacBytes = 24;

    public const int TokenMax = 4 + CardKeys.IdMax + 1 + 2 * MacBytes;

    private readonly byte[][] _heads = [.. keys.All.Select(k => Encoding.ASCII.GetBytes($"{Prefix}{k.Id}_"))];
    private readonly byte[][] _secrets = [.. keys.All.Select(k => k.Secret.ToArray())];

    /// <summary>Keys, the current one first.</summary>
    public int Keys => _secrets.Length;

    /// <param name="digits">As <see cref="CardNumber.TryNormalise"/> gives them.</param>
    /// <param name="key">0: the current one.</param>
    /// <param name="token">At least <see cref="TokenMax"/> bytes.</param>
    /// <returns>How many were written.</returns>
    public int Write(ReadOnlySpan<byte> digits, int key, Span<byte> token)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_secrets[key], digits, mac);
        var head = _heads[key];
        head.CopyTo(token);
        var at = head.Length;
        foreach (var b in mac[..MacBytes])
        {
            token[at++] = (byte)('a' + (b >> 4));
            token[at++] = (byte)('a' + (b & 15));
        }
        CryptographicOperations.ZeroMemory(mac);
        return at;
    }

    /// <summary>The id of the key that a token was made under; null when it is no token of this kind.</summary>
    public static string? KeyOf(string token)
    {
        if (!token.StartsWith(Prefix, StringComparison.Ordinal) || token.Length < Prefix.Length + 2 * MacBytes + 2) return null;
        var end = token.Length - 2 * MacBytes - 1;
        return token[end] == '_' && token.AsSpan(end + 1).IndexOfAnyExceptInRange('a', 'p') < 0 ? token[Prefix.Length..end] : null;
    }

    /// <summary>Under every key, the current one first.</summary>
    public IReadOnlyList<string> All(ReadOnlySpan<byte> digits)
    {
        var tokens = new string[Keys];
        Span<byte> token = stackalloc byte[TokenMax];
        for (var key = 0; key < tokens.Length; key++) tokens[key] = Encoding.ASCII.GetString(token[..Write(digits, key, token)]);
        return tokens;
    }
}
