using System.Diagnostics;

namespace Lambda.Load;

/// <summary>Gaps between the arrivals of many independent clients: exponentially distributed, drawn from a seed.</summary>
/// <param name="perSecond">Mean rate at a time since the beginning; it changes little between two arrivals.</param>
internal sealed class Arrivals(Func<TimeSpan, double> perSecond, ulong seed)
{
    private const double SlowestPerSecond = 0.01; // a rate of nothing would never be looked at again
    private ulong _state = seed;

    /// <summary>Stopwatch ticks to the next.</summary>
    public long Next(TimeSpan at)
    {
        var uniform = ((SplitMix.Next(ref _state) >> 11) + 1) * (1.0 / (1L << 53)); // (0, 1]
        return (long)(-Math.Log(uniform) / Math.Max(SlowestPerSecond, perSecond(at)) * Stopwatch.Frequency);
    }
}

/// <summary>SplitMix64: the same numbers on every version of the runtime.</summary>
internal static class SplitMix
{
    public static ulong Next(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
}
