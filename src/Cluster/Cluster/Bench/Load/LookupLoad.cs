using Lambda.Cluster.Bench.Data;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Load;

/// <summary>`GET /v1/customers/{id}` for customers drawn evenly, the hardest way for every cache. An answer must be of the customer asked for.</summary>
internal sealed class LookupLoad(int customers, ulong seed, bool tamper = false) : ILoad
{
    private ulong _state = seed;

    /// <summary>Bytes of all bodies so far.</summary>
    public long BodyBytes { get; private set; }

    public int Next(RequestBytes to)
    {
        var customer = (int)(SplitMix.Next(ref _state) % (ulong)customers);
        AddRequest(to, customer);
        return customer;
    }

    public static void AddRequest(RequestBytes to, int customer)
    {
        Span<byte> id = stackalloc byte[16];
        to.Add("GET /v1/customers/"u8).Add(EventStream.CustomerId(customer, id)).Add(" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"u8);
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
