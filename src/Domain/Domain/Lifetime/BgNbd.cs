namespace Lambda.Domain.Lifetime;

/// <summary>
/// BG/NBD: while a customer is active, purchases come as a Poisson process; after each one the customer leaves with a probability of its own. Rates are
/// gamma distributed over customers (<paramref name="R"/>, <paramref name="Alpha"/> in days), leaving is beta distributed (<paramref name="A"/>, <paramref name="B"/>).
/// Source: Fader, Hardie, Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2005).
/// </summary>
public sealed record BgNbd(double R, double Alpha, double A, double B)
{
    /// <summary>Probability that the customer has not left, given the history: 0..1. Who bought once only cannot have left yet: 1.</summary>
    public double Alive(PurchaseHistory of) => of.Repeats == 0 ? 1 : 1 / (1 + Odds(of));

    /// <summary>Days with a purchase expected in the next <paramref name="days"/>, given the history.</summary>
    public double Expected(PurchaseHistory of, double days)
    {
        double x = of.Repeats, reach = Alpha + of.AgeDays;
        var z = days / (reach + days);
        // (a - 1) is in the denominator: the limit there is approached, never met.
        var less = Math.Abs(A - 1) < 1e-9 ? A + 1e-8 : A;
        var active = (less + B + x - 1) / (less - 1)
            * (1 - Math.Pow(reach / (reach + days), R + x) * Hypergeometric.Gauss(R + x, B + x, less + B + x - 1, z));
        return Math.Max(0, active) * Alive(of);
    }

    /// <summary>Odds of having left at the last purchase.</summary>
    private double Odds(PurchaseHistory of) =>
        A / (B + of.Repeats - 1) * Math.Pow((Alpha + of.AgeDays) / (Alpha + of.LastDays), R + of.Repeats);
}
