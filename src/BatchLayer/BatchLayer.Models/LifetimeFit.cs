using Lambda.Domain.Lifetime;
using MathNet.Numerics;

namespace Lambda.BatchLayer.Models;

/// <summary>Fits the lifetime models by maximum likelihood. Deterministic: the same histories give the same parameters.</summary>
public static class LifetimeFit
{
    /// <summary>Fewer customers say nothing about four parameters.</summary>
    public const int CustomersMin = 100;

    /// <exception cref="FitException">Too few customers, or no maximum.</exception>
    public static (BgNbd Model, double LogLikelihood) Purchases(IReadOnlyCollection<PurchaseHistory> histories, CancellationToken cancel = default)
    {
        if (histories.Count < CustomersMin) throw new FitException($"{histories.Count} customers bought something; at least {CustomersMin} are needed");
        if (histories.All(h => h.Repeats == 0)) throw new FitException("nobody bought on a second day yet");
        var groups = histories.GroupBy(h => (h.Repeats, h.LastDays, h.AgeDays)).Select(g => (g.Key.Repeats, g.Key.LastDays, g.Key.AgeDays, Count: g.Count())).ToArray();
        var scale = Math.Max(1, histories.Average(h => h.AgeDays));
        var p = MaximumLikelihood.Find([1, scale, 1, 1], p => LogLikelihood(p) / histories.Count, cancel);
        return (new BgNbd(p[0], p[1], p[2], p[3]), LogLikelihood(p));

        double LogLikelihood(double[] parameters) => Sum(groups, g => g.Count * LogLikelihoodOf(parameters, g.Repeats, g.LastDays, g.AgeDays));
    }

    /// <param name="histories">Those without a repeat or a value are left out, as in the paper.</param>
    /// <exception cref="FitException">Too few customers, or no maximum.</exception>
    public static (GammaGamma Model, double LogLikelihood) Values(IReadOnlyCollection<PurchaseHistory> histories, CancellationToken cancel = default)
    {
        var repeating = histories.Where(h => h.Repeats > 0 && h.MeanOver > 0 && h.MeanMinor > 0).ToArray();
        if (repeating.Length < CustomersMin) throw new FitException($"{repeating.Length} customers bought again; at least {CustomersMin} are needed");
        var mean = repeating.Average(h => h.MeanMinor);
        var p = MaximumLikelihood.Find([2, 3, mean], p => LogLikelihood(p) / repeating.Length, cancel);
        if (p[1] <= 1) throw new FitException("the spending of customers varies so much that it has no mean (q ≤ 1)");
        return (new GammaGamma(p[0], p[1], p[2]), LogLikelihood(p));

        double LogLikelihood(double[] parameters) => Sum(repeating, h => ValueLogLikelihoodOf(parameters, h.MeanOver, h.MeanMinor));
    }

    /// <summary>Equation 6 of the paper, in logarithms.</summary>
    private static double LogLikelihoodOf(double[] p, long x, double last, double age)
    {
        var (r, alpha, a, b) = (p[0], p[1], p[2], p[3]);
        var common = SpecialFunctions.GammaLn(r + x) - SpecialFunctions.GammaLn(r) + r * Math.Log(alpha)
            + SpecialFunctions.GammaLn(a + b) + SpecialFunctions.GammaLn(b + x) - SpecialFunctions.GammaLn(b) - SpecialFunctions.GammaLn(a + b + x);
        var active = -(r + x) * Math.Log(alpha + age);
        if (x == 0) return common + active;
        var left = Math.Log(a) - Math.Log(b + x - 1) - (r + x) * Math.Log(alpha + last);
        var larger = Math.Max(active, left);
        return common + larger + Math.Log(Math.Exp(active - larger) + Math.Exp(left - larger));
    }

    private static double ValueLogLikelihoodOf(double[] parameters, long x, double mean)
    {
        var (p, q, v) = (parameters[0], parameters[1], parameters[2]);
        return SpecialFunctions.GammaLn(p * x + q) - SpecialFunctions.GammaLn(p * x) - SpecialFunctions.GammaLn(q)
            + q * Math.Log(v) + (p * x - 1) * Math.Log(mean) + p * x * Math.Log(x) - (p * x + q) * Math.Log(v + x * mean);
    }

    /// <summary>In the order of the items, so that the result does not depend on the machine's cores.</summary>
    private static double Sum<T>(IEnumerable<T> of, Func<T, double> term)
    {
        double sum = 0, lost = 0; // Kahan: the simplex compares differences of 1e-9 in sums of 1e7
        foreach (var item in of)
        {
            var next = term(item) - lost;
            var total = sum + next;
            lost = total - sum - next;
            sum = total;
        }
        return sum;
    }
}
