using System.Text.Unicode;
using Lambda.Domain.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Lambda.Serving.Http;

/// <summary>
/// Customer ids are bytes; they are read from the request target as it came, because the decoded path keeps `%2F` as text and cannot tell it from an id that contains it.
/// </summary>
internal static class RawPath
{
    public const string CustomersPrefix = "/v1/customers/", IdentityPrefix = "/v1/identity/customers/";

    /// <param name="prefix">What the id stands behind.</param>
    /// <exception cref="ProblemException">400: not 1..128 bytes of percent-encoded UTF-8.</exception>
    public static CustomerId CustomerId(HttpContext context, string prefix = CustomersPrefix)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget.AsSpan();
        var at = target.IndexOf(prefix, StringComparison.Ordinal);
        var encoded = at < 0 ? default : target[(at + prefix.Length)..];
        var end = encoded.IndexOfAny('/', '?');
        if (end >= 0) encoded = encoded[..end];

        Span<byte> utf8 = stackalloc byte[Domain.Events.CustomerId.MaxBytes];
        var length = Decode(encoded, utf8);
        if (length <= 0 || !Utf8.IsValid(utf8[..length]))
            throw new ProblemException(Problem.BadParameter("customer id", encoded.ToString(), $"1..{Domain.Events.CustomerId.MaxBytes} bytes of UTF-8, percent-encoded"));
        return new CustomerId(utf8[..length]);
    }

    /// <summary>Bytes written; -1 when malformed or too long.</summary>
    private static int Decode(ReadOnlySpan<char> encoded, Span<byte> to)
    {
        var n = 0;
        for (var i = 0; i < encoded.Length; i++, n++)
        {
            if (n == to.Length || encoded[i] > 0x7f) return -1;
            if (encoded[i] != '%')
            {
                to[n] = (byte)encoded[i];
                continue;
            }
            if (i + 2 >= encoded.Length || !char.IsAsciiHexDigit(encoded[i + 1]) || !char.IsAsciiHexDigit(encoded[i + 2])) return -1;
            to[n] = (byte)(HexValue(encoded[i + 1]) << 4 | HexValue(encoded[i + 2]));
            i += 2;
        }
        return n;
    }

    private static int HexValue(char c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}
