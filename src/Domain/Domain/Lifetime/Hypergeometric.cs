namespace Lambda.Domain.Lifetime;

/// <summary>Gauss' hypergeometric function 2F1 for what BG/NBD asks of it: positive a, b, c and 0 ≤ z &lt; 1.</summary>
internal static class Hypergeometric
{
    private const double Precision = 1e-13;
    private const int TermsMax = 100_000;

    /// <summary>The power series, after Euler's transformation where that one converges faster.</summary>
    public static double Gauss(double a, double b, double c, double z) =>
        c - a > 0 && c - b > 0 && (c - a) * (c - b) < a * b ? Math.Pow(1 - z, c - a - b) * Series(c - a, c - b, c, z) : Series(a, b, c, z);

    private static double Series(double a, double b, double c, double z)
    {
        double term = 1, sum = 1;
        for (var n = 0; n < TermsMax; n++)
        {
            var ratio = (a + n) * (b + n) / ((c + n) * (n + 1)) * z;
            term *= ratio;
            sum += term;
            // The ratio tends to z from above or below: only once it is below one do the terms left bound the error.
            if (ratio < 1 && Math.Abs(term) <= Precision * Math.Abs(sum) * (1 - Math.Max(z, ratio))) break;
        }
        return sum;
    }
}
