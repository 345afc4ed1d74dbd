using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Cards;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>Card numbers to tokens on one core: numbers as text, normalised, checked and tokenised; beside it the bare HMAC of the same numbers.</summary>
internal static class TokenBench
{
    public static IReadOnlyList<BenchRow> Rows(BenchContext context)
    {
        var keys = CardKeys.New();
        var secret = keys.Current.Secret.ToArray();
        var tokenizer = new CardTokenizer(keys);
        var numbers = Enumerable.Range(0, context.Scaled(200_000, 20_000)).Select(Number).ToArray();
        Tokens(numbers, tokenizer); // compiled before it is measured
        Bare(numbers, secret);
        var rounds = Enumerable.Range(0, 3 * context.Rounds).Select(_ => (Tokens: Tokens(numbers, tokenizer), Bare: Bare(numbers, secret))).ToList();
        var isRight = rounds.Sum(r => r.Tokens.Wrong) == context.Expected(0) && rounds.All(r => r.Tokens.Bytes == 0);
        var rate = Stats.Median(rounds.Select(r => r.Tokens.PerSecond));
        return [new BenchRow("fraud.tokens", rate, "tokens/s", 500_000, Stats.Median(rounds.Select(r => r.Bare.PerSecond)), isRight, Better.Higher, "card numbers to tokens, one core; the peer is the bare HMAC-SHA-256")];
    }

    private readonly record struct Figure(double PerSecond, long Bytes, long Wrong);

    private static Figure Tokens(byte[][] numbers, CardTokenizer tokenizer)
    {
        Span<byte> digits = stackalloc byte[CardNumber.DigitsMax], token = stackalloc byte[CardTokenizer.TokenMax];
        var bytes = tokenizer.All(numbers[0])[0].Length;
        var (wrong, begin, before) = (0L, Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        foreach (var number in numbers)
        {
            if (!CardNumber.TryNormalise(number, digits, out var count) || tokenizer.Write(digits[..count], 0, token) != bytes) wrong++;
        }
        return new Figure(numbers.Length / Stopwatch.GetElapsedTime(begin).TotalSeconds, GC.GetAllocatedBytesForCurrentThread() - before, wrong);
    }

    private static Figure Bare(byte[][] numbers, byte[] secret)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var begin = Stopwatch.GetTimestamp();
        foreach (var number in numbers) HMACSHA256.HashData(secret, number, mac);
        return new Figure(numbers.Length / Stopwatch.GetElapsedTime(begin).TotalSeconds, 0, 0);
    }

    private static byte[] Number(int i)
    {
        var body = string.Create(CultureInfo.InvariantCulture, $"41111{i:D10}");
        var check = Enumerable.Range(0, 10).First(d => CardNumber.TryNormalise(Encoding.ASCII.GetBytes($"{body}{d}"), new byte[CardNumber.DigitsMax], out _));
        return Encoding.ASCII.GetBytes($"{body}{check}");
    }
}
