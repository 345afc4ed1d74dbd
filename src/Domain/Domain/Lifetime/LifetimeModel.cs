using System.Globalization;

namespace Lambda.Domain.Lifetime;

/// <summary>What the batch layer fitted: parameters with what tells how good they are. Estimates made from it are no part of the exactness law.</summary>
/// <param name="Epoch">The published epoch whose customers it was fitted on.</param>
/// <param name="Value">Null when the values did not determine one.</param>
/// <param name="Scale">Null when there is no spending to rank by.</param>
/// <param name="LogLikelihood">Of purchases (BG/NBD) over the customers of the fit.</param>
/// <param name="ValueLogLikelihood">Of values (Gamma-Gamma) over those who bought again.</param>
/// <param name="Customers">Customers in the fit: all who ever bought, or an even sample of them.</param>
/// <param name="FittedDay">Days since 1970-01-01, UTC.</param>
public sealed record LifetimeModel(
    long Epoch, BgNbd Purchases, GammaGamma? Value, RfmScale? Scale, double LogLikelihood, double ValueLogLikelihood, long Customers, int FittedDay)
{
    public const int PurchasesDays = 90, ValueDays = 365;

    /// <summary>What estimates name it by.</summary>
    public string Version => string.Create(CultureInfo.InvariantCulture, $"lifetime-{Epoch}");

    public LifetimeEstimate Estimate(PurchaseHistory of)
    {
        var spending = Value is null ? double.NaN : Purchases.Expected(of, ValueDays) * Value.ExpectedMinor(of);
        return new LifetimeEstimate(
            Purchases.Alive(of), Purchases.Expected(of, PurchasesDays), double.IsFinite(spending) ? (long)Math.Round(spending) : null, Scale?.ScoreOf(of));
    }
}

/// <param name="Alive">Probability that the customer has not left, 0..1.</param>
/// <param name="ExpectedPurchases90d">Days with a purchase expected in the next 90.</param>
/// <param name="Ltv365dMinor">Spending expected in the next 365 days, minor units, undiscounted; null without a model of values.</param>
/// <param name="Rfm">Null without a scale.</param>
public readonly record struct LifetimeEstimate(double Alive, double ExpectedPurchases90d, long? Ltv365dMinor, RfmScore? Rfm);
