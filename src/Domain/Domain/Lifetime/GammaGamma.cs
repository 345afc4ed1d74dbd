namespace Lambda.Domain.Lifetime;

/// <summary>
/// Gamma-Gamma: what a customer spends varies gamma distributed around a mean of its own, and those means are again distributed over customers; independent of
/// how often a customer buys. <paramref name="V"/> is in minor units. Source: Fader, Hardie, "The Gamma-Gamma Model of Monetary Value" (2013).
/// </summary>
public sealed record GammaGamma(double P, double Q, double V)
{
    /// <summary>Mean spending expected of further days with purchases, minor units: between the customer's own mean and that of all.</summary>
    public double ExpectedMinor(PurchaseHistory of) =>
        of.MeanOver == 0 || of.MeanMinor <= 0 ? V * P / (Q - 1) : (V + of.MeanOver * of.MeanMinor) * P / (P * of.MeanOver + Q - 1);
}
