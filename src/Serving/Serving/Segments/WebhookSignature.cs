using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Lambda.Serving.Segments;

/// <summary>
/// `Lambda-Signature: t=SECONDS,v1=HEX`: HMAC-SHA256 under the webhook's secret over `SECONDS.BODY`. The time is signed too, so that a receiver can refuse what somebody
/// recorded and sends again later. While a secret is being changed there is a `v1` under each: any that holds is enough.
/// </summary>
public static class WebhookSignature
{
    public const string Header = "Lambda-Signature";

    public static string NewSecret() => $"whsec_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))}";

    /// <param name="secrets">The newest first.</param>
    public static string Of(IReadOnlyList<string> secrets, long unixSeconds, byte[] body)
    {
        var time = unixSeconds.ToString(CultureInfo.InvariantCulture);
        return $"t={time},{string.Join(',', secrets.Select(s => $"v1={Convert.ToHexStringLower(Mac(s, time, body))}"))}";
    }

    /// <summary>As a receiver does it.</summary>
    public static bool Holds(string secret, string header, ReadOnlySpan<byte> body, long nowUnixSeconds, TimeSpan tolerance)
    {
        if (header.Split(',') is not [['t', '=', .. var time], .. var macs]) return false;
        if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var at) || Math.Abs(nowUnixSeconds - at) > tolerance.TotalSeconds) return false;
        var own = Encoding.ASCII.GetBytes($"v1={Convert.ToHexStringLower(Mac(secret, time, body))}");
        return macs.Any(m => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(m), own));
    }

    private static byte[] Mac(string secret, string time, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.ASCII.GetBytes($"{time}."));
        hmac.AppendData(body);
        return hmac.GetHashAndReset();
    }
}
