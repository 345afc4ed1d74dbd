namespace Lambda.Domain.Fraud;

/// <summary>What fraud features see of a transaction. Names are 64-bit hashes, 0 where the event has none.</summary>
/// <param name="Id">Hash of the event's id: a label refers to it.</param>
/// <param name="AtMicros">When it happened, microseconds since 1970-01-01T00:00Z.</param>
/// <param name="AmountMinor">In minor units of the account's currency, not negative.</param>
public readonly record struct FraudTransaction(ulong Id, long AtMicros, long AmountMinor)
{
    public ulong Customer { get; init; }
    public ulong Merchant { get; init; }
    public ulong Terminal { get; init; }
    public ulong Country { get; init; }
    public ulong Device { get; init; }
    public ulong Channel { get; init; }
    public bool IsDeclined { get; init; }

    /// <summary>Null where the event names none.</summary>
    public Place? Place { get; init; }

    /// <summary>Where it was accepted: the terminal, or the merchant where no terminal is named. 0 for neither.</summary>
    public ulong Acceptor => Terminal != 0 ? Terminal : Merchant;
}

/// <summary>A point on the earth in millionths of a degree.</summary>
public readonly record struct Place(int LatMicro, int LonMicro)
{
    private const double EarthKm = 6371.0088, RadiansPerMicro = Math.PI / 180e6;

    /// <summary>Along the great circle of a sphere.</summary>
    public double KmTo(Place other)
    {
        var (a, b) = (LatMicro * RadiansPerMicro, other.LatMicro * RadiansPerMicro);
        var (north, east) = (Math.Sin((b - a) / 2), Math.Sin(((double)other.LonMicro - LonMicro) * RadiansPerMicro / 2));
        return 2 * EarthKm * Math.Asin(Math.Min(1, Math.Sqrt(north * north + Math.Cos(a) * Math.Cos(b) * east * east)));
    }
}
