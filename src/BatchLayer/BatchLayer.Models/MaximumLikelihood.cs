using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

namespace Lambda.BatchLayer.Models;

/// <summary>Parameters that are positive, found by maximum likelihood: a simplex on their logarithms, begun anew where it ended until that gains nothing.</summary>
internal static class MaximumLikelihood
{
    /// <summary>Of the mean log-likelihood of an observation: a thousandth of what one customer among 100,000 changes.</summary>
    private const double Tolerance = 1e-10;
    private const int Iterations = 2_000, Restarts = 20;

    /// <summary>
    /// A parameter stays within e^±14 of its start. Where the likelihood grows for ever (nobody ever leaves, all buy at one rate), the edge means the same as infinity
    /// does, and keeps sums of such numbers exact enough.
    /// </summary>
    private const double Bound = 14;

    /// <param name="start">Of the right order of magnitude.</param>
    /// <param name="logLikelihood">Mean over the observations, of the positive parameters.</param>
    /// <exception cref="FitException">The likelihood is nowhere a number.</exception>
    public static double[] Find(double[] start, Func<double[], double> logLikelihood, CancellationToken cancel)
    {
        var (best, least) = (Vector<double>.Build.Dense(start.Length), double.PositiveInfinity);
        for (var i = 0; i < Restarts; i++)
        {
            var before = least;
            try
            {
                new NelderMeadSimplex(Tolerance, Iterations).FindMinimum(ObjectiveFunction.Value(Cost), best.Clone());
            }
            catch (MaximumIterationsException)
            {
                // On a long ridge: the next simplex begins at the best point that this one saw.
            }
            if (before - least < Tolerance) break;
        }
        return double.IsFinite(least) ? Parameters(best) : throw new FitException("the likelihood of these purchases is not a number anywhere");

        double Cost(Vector<double> at)
        {
            cancel.ThrowIfCancellationRequested();
            if (at.Any(p => Math.Abs(p) > Bound)) return double.MaxValue;
            var cost = -logLikelihood(Parameters(at));
            if (!double.IsFinite(cost)) return double.MaxValue;
            if (cost < least) (best, least) = (at.Clone(), cost);
            return cost;
        }

        double[] Parameters(Vector<double> at) => [.. at.Zip(start, (p, s) => s * Math.Exp(p))];
    }
}

/// <summary>The data do not determine the model; the one before stays.</summary>
public sealed class FitException(string message) : Exception(message);
