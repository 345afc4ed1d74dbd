using Lambda.Domain.Bytes;

namespace Lambda.Domain.Fraud;

/// <summary>An event as it waits behind a folded memory: kind, time, and what its kind has. A storage format.</summary>
internal static class FraudEventBytes
{
    private const byte Declined = 1, Placed = 2;

    public static void Write(in FraudEvent it, GrowingBytes bytes)
    {
        var to = new FraudWriter(bytes);
        to.Byte((byte)it.Kind);
        to.Signed(it.AtMicros);
        switch (it.Kind)
        {
            case FraudEventKind.Transaction: WriteTransaction(to, it.Transaction); break;
            case FraudEventKind.Label: to.UInt32((uint)it.Of); break;
            case FraudEventKind.Profile:
                foreach (var name in (ReadOnlySpan<ulong>)[it.Email, it.Phone, it.Country, it.City]) to.UInt32(KnownSet.Folded(name));
                break;
        }
    }

    public static FraudEvent Read(ref FraudReader from)
    {
        var kind = (FraudEventKind)from.Byte();
        var at = from.Signed();
        return kind switch
        {
            FraudEventKind.Transaction => new FraudEvent(kind, at) { Transaction = ReadTransaction(ref from, at) },
            FraudEventKind.Label => new FraudEvent(kind, at) { Of = from.UInt32() },
            FraudEventKind.Profile => new FraudEvent(kind, at) { Email = from.UInt32(), Phone = from.UInt32(), Country = from.UInt32(), City = from.UInt32() },
            FraudEventKind.FailedLogin or FraudEventKind.CredentialChange or FraudEventKind.AddressChange => new FraudEvent(kind, at),
            _ => throw new InvalidDataException($"fraud state: an event of kind {(byte)kind}"),
        };
    }

    /// <summary>The customer is who holds it, and a customer's memory knows names by 32 bits (<see cref="KnownSet"/>). Those that are absent take one byte together.</summary>
    private static void WriteTransaction(FraudWriter to, in FraudTransaction it)
    {
        to.UInt32((uint)it.Id);
        to.Varint((ulong)it.AmountMinor);
        to.Byte((byte)((it.IsDeclined ? Declined : 0) | (it.Place is null ? 0 : Placed)));
        ReadOnlySpan<ulong> names = [it.Merchant, it.Terminal, it.Country, it.Device, it.Channel];
        byte present = 0;
        for (var i = 0; i < names.Length; i++)
            if (names[i] != 0) present |= (byte)(1 << i);
        to.Byte(present);
        foreach (var name in names)
            if (name != 0) to.UInt32(KnownSet.Folded(name));
        if (it.Place is not { } place) return;
        to.Signed(place.LatMicro);
        to.Signed(place.LonMicro);
    }

    private static FraudTransaction ReadTransaction(ref FraudReader from, long at)
    {
        var (id, amount, flags, present) = (from.UInt32(), (long)from.Varint(), from.Byte(), from.Byte());
        Span<ulong> names = stackalloc ulong[5];
        for (var i = 0; i < names.Length; i++) names[i] = (present & 1 << i) != 0 ? from.UInt32() : 0;
        return new FraudTransaction(id, at, amount)
        {
            Merchant = names[0], Terminal = names[1], Country = names[2], Device = names[3], Channel = names[4], IsDeclined = (flags & Declined) != 0,
            Place = (flags & Placed) != 0 ? new Place((int)from.Signed(), (int)from.Signed()) : null,
        };
    }
}
