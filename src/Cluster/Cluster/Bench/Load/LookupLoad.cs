using Lambda.Cluster.Bench.Data;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Load;

/// <summary>`GET /v1/customers/{id}` for customers drawn evenly, the hardest way for every cache. An answer must be of the customer asked for.</summary>
/// <param name="key">API key to show; null for none.</param>
internal sealed class LookupLoad(int customers, ulong seed, bool tamper = false, string? key = null) : ILoad
{
    private readonly byte[] _header = key is null ? [] : System.Text.Encoding.ASCII.GetBytes($"Authorization: Bearer {key}\r\n");
    private ulong _state = seed;

    /// <summary>Bytes of all bodies so far.</summary>
    public long BodyBytes { get; private set; }

    public int Next(RequestBytes to)
    {
        var customer = (int)(SplitMix.Next(ref _state) % (ulong)customers);
        AddRequest(to, customer, _header);
        return customer;
    }

    /// <param name="header">A whole header line, or nothing.</param>
    public static void AddRequest(RequestBytes to, int customer, ReadOnlySpan<byte> header = default)
    {
        Span<byte> id = stackalloc byte[16];
        to.Add("GET /v1/customers/"u8).Add(EventStream.CustomerId(customer, id)).Add(" HTTP/1.1\r\nHost: 127.0.0.1\r\n"u8).Add(header).Add("\r\n"u8);
    }

    public bool Accept(int token, int status, ReadOnlySpan<byte> body)
    {
        BodyBytes += body.Length;
        Span<byte> id = stackalloc byte[16];
        var expected = EventStream.CustomerId(tamper ? token + 1 : token, id);
        var head = "{\"customer_id\":\""u8;
        return status == 200 && body.StartsWith(head) && body[head.Length..].StartsWith(expected);
    }
}

/// <summary>The same requests to a server that knows no customers.</summary>
internal sealed class PlainLoad(int customers, ulong seed) : ILoad
{
    private readonly LookupLoad _lookups = new(customers, seed);

    public int Next(RequestBytes to) => _lookups.Next(to);

    public bool Accept(int token, int status, ReadOnlySpan<byte> body) => status == 200;
}
