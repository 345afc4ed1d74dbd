using System.Numerics;

namespace Lambda.SpeedLayer.Generation;

/// <summary>xoshiro256** (Blackman, Vigna), seeded by splitmix64. Our own, because System.Random may change its algorithm. Integers only: no rounding differs between machines.</summary>
internal struct Xoshiro
{
    private ulong _a, _b, _c, _d;

    internal Xoshiro(ulong seed)
    {
        _a = Mix(seed);
        _b = Mix(seed + Golden);
        _c = Mix(seed + unchecked(2 * Golden));
        _d = Mix(seed + unchecked(3 * Golden));
    }

    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>A bijection of 64 bits that looks random: splitmix64's output function.</summary>
    internal static ulong Mix(ulong x)
    {
        x += Golden;
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
        x = (x ^ x >> 27) * 0x94D049BB133111EB;
        return x ^ x >> 31;
    }

    internal ulong Next()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>0 ≤ result &lt; bound, by multiplication: the bias of bound / 2^64 does not matter here.</summary>
    internal int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    internal long Below(long bound) => (long)Math.BigMul(Next(), (ulong)bound, out _);

    internal int Between(int low, int high) => low + Below(high - low + 1);

    internal bool PerMille(int chance) => Below(1000) < chance;

    /// <summary>True with the chance threshold / 2^32.</summary>
    internal bool Chance(uint threshold) => (uint)(Next() >> 32) < threshold;

    internal static uint Threshold(double rate) => (uint)Math.Min(rate * 4294967296.0, uint.MaxValue);
}

/// <summary>Draws an index with a chance in proportion to its weight, in constant time (Walker, Vose), in integers.</summary>
internal sealed class AliasTable
{
    private readonly uint[] _keep; // chance of keeping the column, of 2^32
    private readonly int[] _alias;

    /// <param name="weights">Sum times count must fit 63 bits.</param>
    internal AliasTable(ReadOnlySpan<uint> weights)
    {
        var count = weights.Length;
        (_keep, _alias) = (new uint[count], new int[count]);
        ulong total = 0;
        foreach (var weight in weights) total += weight;
        var mass = new ulong[count]; // weight × count: a column of average weight has `total`
        var small = new Stack<int>();
        var large = new Stack<int>();
        for (var i = 0; i < count; i++)
        {
            mass[i] = weights[i] * (ulong)count;
            (mass[i] < total ? small : large).Push(i);
        }
        while (small.TryPop(out var less))
        {
            if (!large.TryPop(out var more)) more = less;
            _keep[less] = more == less ? uint.MaxValue : (uint)(((UInt128)mass[less] << 32) / total);
            _alias[less] = more;
            if (more == less) continue;
            mass[more] -= total - mass[less];
            (mass[more] < total ? small : large).Push(more);
        }
        foreach (var rest in large) (_keep[rest], _alias[rest]) = (uint.MaxValue, rest);
    }

    internal int Draw(ref Xoshiro random)
    {
        var column = random.Below(_keep.Length);
        return random.Chance(_keep[column]) ? column : _alias[column];
    }
}
