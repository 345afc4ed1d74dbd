namespace Lambda.Simulation;

/// <summary>The simulation's only source of chance: SplitMix64, because System.Random may change between versions and a seed must replay for ever.</summary>
public sealed class Chance(ulong seed)
{
    private ulong _state = seed * 0x9E3779B97F4A7C15 + 0x2545F4914F6CDD1D;

    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }

    /// <summary>0 ≤ result &lt; below.</summary>
    public int Below(int below) => (int)(Next() % (ulong)below);

    /// <summary>from ≤ result ≤ to.</summary>
    public long Between(long from, long to) => from + (long)(Next() % (ulong)(to - from + 1));

    public bool OneIn(int n) => Below(n) == 0;

    public T Pick<T>(IReadOnlyList<T> of) => of[Below(of.Count)];
}
