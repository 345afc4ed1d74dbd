using System.Text;
using Lambda.Domain.Cards;

namespace Lambda.TestKit.Cards;

/// <summary>Card numbers that stand nowhere else, and the search for them in what a process left behind.</summary>
public static class CardCanaries
{
    private const int Shown = 20, Before = 120, Around = 160;

    /// <summary>Of 13 to 19 digits, of brands whose ranges are known: found wherever they stand.</summary>
    public static readonly string[] Known =
    [
        .. new[] { "4929574681234567", "5425233430109903", "374245455400126", "6011000991300009", "3566002020360505", "30569309025904", "4539578763621", "67596498264384537", "560221101399723518", "6304293851740266315" }.Select(Corrected),
    ];

    /// <summary>Of ranges that no brand has (fuel, shops): a number like any other but where a field says that it is a card's.</summary>
    public static readonly string[] Private = [.. new[] { "7077186123409875", "9805512340198762" }.Select(Corrected)];

    public static IEnumerable<string> Spellings(string number) => [number, .. " -".Select(s => string.Join(s, number.Chunk(4).Select(c => new string(c))))];

    /// <returns>Places with what stands around the first find in each; at most twenty.</returns>
    public static List<string> Leaks(IEnumerable<(string Place, byte[] Bytes)> places)
    {
        byte[][] forbidden = [.. Known.Concat(Private).SelectMany(v => Spellings(v).Concat([Uri.EscapeDataString(Spellings(v).ElementAt(1))]).SelectMany(s => new[] { Encoding.UTF8.GetBytes(s), Encoding.Unicode.GetBytes(s) }))];
        return [.. places.SelectMany(p => forbidden.Select(f => (p.Place, p.Bytes, At: p.Bytes.AsSpan().IndexOf(f)))).Where(f => f.At >= 0).DistinctBy(f => f.Place).Take(Shown).Select(f => $"{f.Place}: …{Near(f.Bytes, f.At)}…")];
    }

    private static string Near(byte[] bytes, int at)
    {
        var from = Math.Max(0, at - Before);
        return Encoding.UTF8.GetString(bytes.AsSpan(from, Math.Min(Around, bytes.Length - from)));
    }

    private static string Corrected(string number) =>
        Enumerable.Range(0, 10).Select(d => $"{number[..^1]}{d}").Single(n => CardNumber.TryNormalise(Encoding.ASCII.GetBytes(n), new byte[CardNumber.DigitsMax], out _));
}
