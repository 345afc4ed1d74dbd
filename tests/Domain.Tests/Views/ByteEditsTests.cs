using FsCheck;
using FsCheck.Xunit;
using Lambda.Domain.Views;
using Xunit;

namespace Lambda.Domain.Tests.Views;

public sealed class ByteEditsTests
{
    /// <summary>Edits that grow, shrink and keep their place, beside one another, at both ends, some held and filled late, some never.</summary>
    [Property(MaxTest = 2_000)]
    public void Apply_OfAnyEdits_IsTheListWithTheSameReplacements(int seed, NonNegativeInt size)
    {
        var random = new Random(seed);
        var old = new byte[size.Get % 80];
        random.NextBytes(old);
        var edits = new ByteEdits();
        edits.Clear();
        var expected = new List<byte>();
        var at = 0;
        for (var i = random.Next(8); i > 0; i--)
        {
            var kept = random.Next(old.Length - at + 1) / 2;
            expected.AddRange(old.AsSpan(at, kept));
            at += kept;
            var remove = Math.Min(random.Next(6), old.Length - at);
            var put = new byte[random.Next(3) == 0 ? 0 : random.Next(20)];
            random.NextBytes(put);
            at = Note(edits, at, remove, put, random, expected, old);
        }
        expected.AddRange(old.AsSpan(at));
        var bytes = new byte[old.Length + Math.Max(0, edits.Growth)];
        old.CopyTo(bytes, 0);
        edits.Apply(bytes, old.Length);
        Assert.Equal(expected, bytes.Take(old.Length + edits.Growth));
    }

    private static int Note(ByteEdits edits, int at, int remove, byte[] put, Random random, List<byte> expected, byte[] old)
    {
        switch (random.Next(3))
        {
            case 0:
                edits.Hold(at);
                expected.AddRange(old.AsSpan(at, remove)); // never filled: nothing happens
                return at + remove;
            case 1:
                var held = edits.Hold(at);
                edits.Put(put);
                edits.Fill(held, remove);
                break;
            default:
                edits.Put(put);
                edits.End(at, remove);
                break;
        }
        expected.AddRange(put);
        return at + remove;
    }
}
