using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

namespace Lambda.BatchLayer.Models;

/// <summary>Parameters that are positive, found by maximum likelihood: a simplex on their logarithms, begun anew where it ended until that changes nothing.</summary>
internal static class MaximumLikelihood
{
    private const double Tolerance = 1e-9;
    private const int Iterations = 5_000, Restarts = 20;

    /// <summary>Parameters stay within e^±Bound of one: a likelihood that grows towards the edge has no maximum there.</summary>
    private const double Bound = 23;

    /// <param name="logLikelihood">Of the positive parameters.</param>
    /// <exception cref="FitException">The likelihood has no maximum inside the bounds.</exception>
    public static (double[] Parameters, double LogLikelihood) Find(double[] start, Func<double[], double> logLikelihood, CancellationToken cancel)
    {
        var at = Vector<double>.Build.Dense([.. start.Select(p => Math.Log(p))]);
        var best = -logLikelihood(start);
        for (var i = 0; i < Restarts; i++)
        {
            MinimizationResult found;
            try
            {
                found = new NelderMeadSimplex(Tolerance, Iterations).FindMinimum(ObjectiveFunction.Value(Cost), at);
            }
            catch (MaximumIterationsException)
            {
                throw new FitException($"no maximum found within {Iterations} iterations");
            }
            at = found.MinimizingPoint;
            var cost = found.FunctionInfoAtMinimum.Value;
            var gained = best - cost;
            best = Math.Min(best, cost);
            if (gained < Math.Abs(best) * 1e-12 + 1e-9) break;
        }
        if (at.Any(p => Math.Abs(p) > Bound - 1) || !double.IsFinite(best)) throw new FitException("the likelihood grows towards the edge of what parameters may be");
        return ([.. at.Select(p => Math.Exp(p))], -best);

        double Cost(Vector<double> p)
        {
            cancel.ThrowIfCancellationRequested();
            if (p.Any(v => Math.Abs(v) > Bound)) return double.MaxValue;
            var value = -logLikelihood([.. p.Select(v => Math.Exp(v))]);
            return double.IsFinite(value) ? value : double.MaxValue;
        }
    }
}

/// <summary>The data do not determine the model; the one before stays.</summary>
public sealed class FitException(string message) : Exception(message);
