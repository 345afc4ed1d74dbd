using System.Security.Cryptography;
using System.Text;

namespace Lambda.Domain.Events;

/// <summary>
/// What an identifier is kept as. Addresses of e-mail are kept as others give them when they give hashes: SHA-256, in hex, of the address without white space around it and
/// in lower case (ASCII).
/// </summary>
public static class Identifiers
{
    private const int HashDigits = 64;

    /// <param name="normalised">Null when it is kept as it stands.</param>
    /// <returns>What is wrong with it; null when nothing is. Never the value: it may be an address.</returns>
    public static string? Normalised(ReadOnlySpan<byte> kind, ReadOnlySpan<byte> value, out byte[]? normalised)
    {
        normalised = null;
        if (!kind.SequenceEqual("email"u8)) return null;
        var trimmed = value.Trim(" \t\r\n"u8);
        if (trimmed.Contains((byte)'@'))
        {
            normalised = HashOf(trimmed);
            return null;
        }
        if (trimmed.Length != HashDigits || trimmed.ContainsAnyExcept("0123456789abcdefABCDEF"u8)) return $"{value.Length} bytes without an @, expected an address or its SHA-256 in {HashDigits} hex digits";
        if (!value.SequenceEqual(trimmed) || trimmed.ContainsAny("ABCDEF"u8)) normalised = Lower(trimmed);
        return null;
    }

    private static byte[] HashOf(ReadOnlySpan<byte> address) => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(Lower(address))));

    private static byte[] Lower(ReadOnlySpan<byte> text)
    {
        var lower = text.ToArray();
        for (var i = 0; i < lower.Length; i++)
            if (lower[i] is >= (byte)'A' and <= (byte)'Z') lower[i] |= 0x20;
        return lower;
    }
}
