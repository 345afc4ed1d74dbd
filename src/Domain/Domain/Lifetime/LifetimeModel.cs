namespace Lambda.Domain.Lifetime;

/// <summary>What the batch layer fitted: parameters with what tells how good they are. Estimates made from it are no part of the exactness law.</summary>
/// <param name="Version">`lifetime-` and the epoch whose population it was fitted on.</param>
/// <param name="LogLikelihood">Of purchases (BG/NBD) over the customers of the fit.</param>
/// <param name="ValueLogLikelihood">Of values (Gamma-Gamma) over those with repeats.</param>
/// <param name="Customers">Customers in the fit.</param>
/// <param name="FittedDay">Days since 1970-01-01, UTC.</param>
public sealed record LifetimeModel(
    string Version, BgNbd Purchases, GammaGamma? Value, double LogLikelihood, double ValueLogLikelihood, long Customers, int FittedDay)
{
    public const int PurchasesDays = 90, ValueDays = 365;

    public LifetimeEstimate Estimate(PurchaseHistory of)
    {
        var value = Value is null ? (double?)null : Purchases.Expected(of, ValueDays) * Value.ExpectedMinor(of);
        return new LifetimeEstimate(Purchases.Alive(of), Purchases.Expected(of, PurchasesDays), value is { } minor && double.IsFinite(minor) ? (long)Math.Round(minor) : null);
    }
}

/// <param name="Alive">Probability that the customer has not left, 0..1.</param>
/// <param name="ExpectedPurchases90d">Days with a purchase expected in the next 90.</param>
/// <param name="Ltv365dMinor">Spending expected in the next 365 days, minor units, undiscounted; null without a model of values.</param>
public readonly record struct LifetimeEstimate(double Alive, double ExpectedPurchases90d, long? Ltv365dMinor);
