using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Lambda.Serving.Security;

/// <summary>
/// A key as its holder has it: `lk_ID_SECRET`, 16 and 64 hexadecimal digits. The id is no secret: it leads to what is stored, and names the key in lists and in the audit
/// log. What is stored is the SHA-256 of the whole text. A slow hash (bcrypt, Argon2) would protect guessable passwords; 256 random bits cannot be guessed, so it would
/// only cost milliseconds at each request.
/// </summary>
public static class ApiKeyText
{
    public const string Prefix = "lk_";
    public const int IdLength = 16, SecretLength = 64;
    public const int Length = 3 + IdLength + 1 + SecretLength;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    public static (string Id, string Text) New()
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdLength / 2));
        return (id, $"{Prefix}{id}_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretLength / 2))}");
    }

    /// <summary>False when it cannot be a key.</summary>
    public static bool TryId(ReadOnlySpan<char> text, out ReadOnlySpan<char> id)
    {
        id = default;
        if (text.Length != Length || !text.StartsWith(Prefix, StringComparison.Ordinal) || text[Prefix.Length + IdLength] != '_') return false;
        id = text.Slice(Prefix.Length, IdLength);
        return !id.ContainsAnyExcept(Digits) && !text[^SecretLength..].ContainsAnyExcept(Digits);
    }

    /// <summary>Prefix, id and the line behind it: enough to know that somebody put a key there, even if it was cut off.</summary>
    public static bool BeginsLikeKey(ReadOnlySpan<char> text)
    {
        if (text.Length <= Prefix.Length + IdLength || text[Prefix.Length + IdLength] != '_') return false;
        foreach (var c in text.Slice(Prefix.Length, IdLength))
            if (!char.IsAsciiHexDigit(c)) return false;
        return true;
    }

    public static byte[] Hash(string text)
    {
        var hash = new byte[SHA256.HashSizeInBytes];
        Hash(text, hash);
        return hash;
    }

    /// <param name="text">Of <see cref="Length"/> ASCII characters.</param>
    public static void Hash(ReadOnlySpan<char> text, Span<byte> hash)
    {
        Span<byte> ascii = stackalloc byte[Length];
        Encoding.ASCII.GetBytes(text, ascii);
        SHA256.HashData(ascii, hash);
    }
}
