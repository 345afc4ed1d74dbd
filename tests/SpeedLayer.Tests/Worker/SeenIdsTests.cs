using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Lambda.SpeedLayer.Worker;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Worker;

public sealed class SeenIdsTests
{
    private const uint Horizon = 100;

    public sealed record Sight(byte Id, byte Content, byte Pause);

    [Property(MaxTest = 300)]
    public void Observe_AnySequence_DecidesAsADictionaryWould(Sight[] sights, byte encodeEvery)
    {
        var ids = new SeenIds();
        var known = new Dictionary<byte, (uint At, byte Content)>();
        uint now = 1000;
        for (var i = 0; i < sights.Length; i++)
        {
            now += (uint)(sights[i].Pause / 4);
            var expected = Expected(known, sights[i], now);
            Assert.Equal(expected, ids.Observe((UInt128)(sights[i].Id * 7919UL + 1), sights[i].Content, now, Horizon));
            if (i % (encodeEvery + 1) == 0) ids = RoundTrip(ids, now);
        }
    }

    [Fact]
    public void Observe_ChainOfRepeatsEachWithinTheHorizon_IsRenewedByEach()
    {
        var ids = new SeenIds();
        Assert.Equal(Sighting.First, ids.Observe(5, 1, 0, Horizon));
        Assert.Equal(Sighting.Repeat, ids.Observe(5, 1, 80, Horizon));
        Assert.Equal(Sighting.Repeat, ids.Observe(5, 1, 160, Horizon));
        Assert.Equal(Sighting.First, ids.Observe(5, 1, 261, Horizon));
    }

    [Fact]
    public void Observe_ConflictingCopy_DoesNotReplaceTheFirstContent()
    {
        var ids = new SeenIds();
        ids.Observe(5, 1, 0, Horizon);
        Assert.Equal(Sighting.Conflict, ids.Observe(5, 2, 1, Horizon));
        Assert.Equal(Sighting.Repeat, ids.Observe(5, 1, 2, Horizon));
    }

    [Fact]
    public void Observe_ThousandsOfIds_FindsEachAndKeepsMemoryBounded()
    {
        var ids = new SeenIds();
        for (uint i = 0; i < 10_000; i++) Assert.Equal(Sighting.First, ids.Observe((UInt128)i * 1_000_003 + 1, i, 10, Horizon));
        for (uint i = 0; i < 10_000; i++) Assert.Equal(Sighting.Repeat, ids.Observe((UInt128)i * 1_000_003 + 1, i, 10, Horizon));
        Assert.InRange(ids.ApproximateBytes, 10_000 * 24, 10_000 * 24 * 2);
    }

    [Fact]
    public void Decode_CutShort_IsRefused()
    {
        var bytes = new byte[] { 2, 0, 0, 0, 1, 2, 3 };
        Assert.Throws<InvalidDataException>(() =>
        {
            ReadOnlySpan<byte> span = bytes;
            SeenIds.Decode(ref span);
        });
    }

    private static Sighting Expected(Dictionary<byte, (uint At, byte Content)> known, Sight sight, uint now)
    {
        var there = known.TryGetValue(sight.Id, out var before) && now - before.At <= Horizon;
        known[sight.Id] = (now, there ? before.Content : sight.Content);
        return !there ? Sighting.First : before.Content == sight.Content ? Sighting.Repeat : Sighting.Conflict;
    }

    private static SeenIds RoundTrip(SeenIds ids, uint now)
    {
        var bytes = new ArrayBufferWriter<byte>();
        ids.Encode(bytes, now, Horizon);
        var span = bytes.WrittenSpan;
        var again = SeenIds.Decode(ref span);
        Assert.True(span.IsEmpty);
        return again;
    }
}
