using Lambda.Domain.Fraud;

namespace Lambda.Domain.Tests.Fraud;

/// <summary>One thing that happened, as a log would hold it.</summary>
internal abstract record Happened
{
    internal sealed record Paid(FraudTransaction Transaction) : Happened;

    /// <summary>The script's n-th payment is known to be fraud.</summary>
    internal sealed record Known(int Payment) : Happened;

    internal sealed record LoginFailed(ulong Customer, long At) : Happened;

    internal sealed record CredentialChanged(ulong Customer, long At) : Happened;

    internal sealed record AddressChanged(ulong Customer, long At) : Happened;

    /// <summary>What a profile says; 0 where it says nothing.</summary>
    internal sealed record ProfileTold(ulong Customer, long At, ulong Email, ulong City) : Happened;
}

/// <summary>Random histories: out of order, with ties, long silences, bursts, zero and huge amounts, more names than are remembered.</summary>
internal static class FraudScript
{
    private const long Minute = 60_000_000, Day = 1440 * Minute, Begin = 17_000 * Day;

    public static List<Happened> Random(int seed, int length)
    {
        var random = new Random(seed);
        var (script, payments, open) = (new List<Happened>(), 0, new List<int>());
        var (customers, terminals, at) = (random.Next(1, 4), random.Next(2) == 0 ? 3 : 80, Begin);
        for (var i = 0; i < length; i++)
        {
            at += random.Next(12) switch { < 3 => random.Next(20) * 1_000_000L, < 7 => random.Next(600) * Minute, < 11 => random.Next(72) * 60 * Minute, _ => random.Next(random.Next(2) == 0 ? 5 : 40) * Day };
            var (when, customer) = (random.Next(4) switch { 0 when random.Next(3) == 0 => at - random.Next(30) * Day, 0 => at - random.Next(30) * 60 * Minute, _ => at }, (ulong)random.Next(1, customers + 1));
            switch (random.Next(17))
            {
                case 0: script.Add(new Happened.LoginFailed(customer, when)); break;
                case 1: script.Add(random.Next(2) == 0 ? new Happened.CredentialChanged(customer, when) : new Happened.AddressChanged(customer, when)); break;
                case 16: script.Add(new Happened.ProfileTold(customer, when, (ulong)random.Next(3), (ulong)random.Next(3))); break;
                case 2 or 3 when open.Count > 0:
                    var which = random.Next(open.Count);
                    script.Add(new Happened.Known(open[which]));
                    open.RemoveAt(which);
                    break;
                default:
                    script.Add(new Happened.Paid(Payment(random, payments, when, customer, terminals)));
                    open.Add(payments++);
                    break;
            }
        }
        return script;
    }

    private static FraudTransaction Payment(Random random, int number, long at, ulong customer, int terminals) => new(1000UL + (ulong)number, at, Amount(random))
    {
        Customer = customer,
        Merchant = (ulong)random.Next(0, 90),
        Terminal = random.Next(8) == 0 ? 0 : 500UL + (ulong)random.Next(terminals),
        Country = (ulong)random.Next(0, 4),
        Device = (ulong)random.Next(0, 60),
        Channel = (ulong)random.Next(0, 5),
        IsDeclined = random.Next(4) == 0,
        Place = random.Next(3) == 0 ? null : new Place(random.Next(-90_000_000, 90_000_001), random.Next(-180_000_000, 180_000_001)),
    };

    private static long Amount(Random random) => random.Next(20) switch { 0 => 0, 1 => 1_000_000_000_000_000, < 5 => random.Next(100_000), _ => random.Next(1_000, 2_000) };
}
