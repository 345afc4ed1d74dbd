using System.Security.Cryptography;
using System.Text;

namespace Lambda.Serving.Segments;

/// <summary>
/// Secrets of webhooks as they are stored: AES-256-GCM under a key that the database does not hold, bound to the webhook, so that one moved to another does not open. One that
/// was stored before there was a key is in the clear until <see cref="SegmentStore.SealSecrets"/> has been there.
/// </summary>
/// <param name="key">Of the installation; null: secrets cannot be stored, and none that is sealed opens.</param>
public sealed class WebhookSecrets(byte[]? key)
{
    private const string Sealed = "v1.";
    private const int NonceBytes = 12, TagBytes = 16;

    private readonly byte[]? _key = key is null ? null : HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "lambda webhook secrets"u8.ToArray());

    public bool CanSeal => _key is not null;

    public static bool IsSealed(string stored) => stored.StartsWith(Sealed, StringComparison.Ordinal);

    public string Seal(string webhook, string secret)
    {
        var text = Encoding.UTF8.GetBytes(secret);
        var bytes = new byte[NonceBytes + TagBytes + text.Length];
        RandomNumberGenerator.Fill(bytes.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(_key ?? throw new InvalidOperationException("there is no key to seal with"), TagBytes);
        aes.Encrypt(bytes.AsSpan(0, NonceBytes), text, bytes.AsSpan(NonceBytes + TagBytes), bytes.AsSpan(NonceBytes, TagBytes), Encoding.UTF8.GetBytes(webhook));
        return Sealed + Convert.ToBase64String(bytes);
    }

    /// <exception cref="CryptographicException">There is no key, or it is another than it was sealed with, or somebody changed what is stored.</exception>
    public string Open(string webhook, string stored)
    {
        if (!IsSealed(stored)) return stored;
        if (_key is null) throw new CryptographicException("its secret is encrypted, and this node has no webhook_key");
        try
        {
            var bytes = Convert.FromBase64String(stored[Sealed.Length..]);
            var text = new byte[Math.Max(0, bytes.Length - NonceBytes - TagBytes)];
            using var aes = new AesGcm(_key, TagBytes);
            aes.Decrypt(bytes.AsSpan(0, NonceBytes), bytes.AsSpan(NonceBytes + TagBytes), bytes.AsSpan(NonceBytes, TagBytes), text, Encoding.UTF8.GetBytes(webhook));
            return Encoding.UTF8.GetString(text);
        }
        catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
        {
            throw new CryptographicException("its secret does not open: this node's webhook_key is another than it was stored with", e);
        }
    }
}
