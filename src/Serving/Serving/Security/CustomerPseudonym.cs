using System.Globalization;
using Lambda.Domain.Bytes;
using Lambda.Domain.Events;

namespace Lambda.Serving.Security;

/// <summary>
/// How the audit log calls a customer: a keyed hash of the id, the same for the installation's life. Who has the key and an id finds what was read of that customer; the log
/// alone names nobody, and need not be changed when a customer is erased.
/// </summary>
public sealed class CustomerPseudonym(ulong key0, ulong key1)
{
    public const string Prefix = "c:";

    public string Of(CustomerId customer) => Of(customer.Utf8);

    public string Of(ReadOnlySpan<byte> utf8)
    {
        // The key also hashes event ids: "customer\0" keeps the two apart.
        Span<byte> text = stackalloc byte[9 + CustomerId.MaxBytes];
        "customer\0"u8.CopyTo(text);
        utf8.CopyTo(text[9..]);
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{SipHash128.Hash(text[..(9 + utf8.Length)], key0, key1):x32}");
    }
}
