using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every store of sink progress must do.</summary>
public abstract class SinkProgressStoreSuite
{
    /// <summary>Opens the store of this test: empty the first time, afterwards with what was saved. The suite disposes it when it can be.</summary>
    protected abstract ISinkProgressStore Open();

    [SkippableFact]
    public void Load_WhenNeverSaved_IsZero()
    {
        var store = Open();
        Assert.Equal(SinkProgress.Zero, store.Load(3));
        Assert.Null(store.AtBarrier(3, 1));
        (store as IDisposable)?.Dispose();
    }

    [SkippableFact]
    public void Save_WhenReopened_EveryBitIsThere()
    {
        var extremes = new SinkProgress(long.MaxValue, 12, ulong.MaxValue, Int128.MinValue);
        var other = new SinkProgress(7, 6, 1UL << 63, -(Int128)ulong.MaxValue);
        var store = Open();
        store.Save([(0, extremes), (1, other)], [(0, 1, other), (0, 2, extremes), (1, 1, SinkProgress.Zero)]);
        (store as IDisposable)?.Dispose();
        store = Open();
        Assert.Equal(extremes, store.Load(0));
        Assert.Equal(other, store.Load(1));
        Assert.Equal(other, store.AtBarrier(0, 1));
        Assert.Equal(extremes, store.AtBarrier(0, 2));
        Assert.Equal(SinkProgress.Zero, store.AtBarrier(1, 1));
        Assert.Null(store.AtBarrier(1, 2));
        (store as IDisposable)?.Dispose();
    }

    [SkippableFact]
    public async Task Save_WhilePartitionsSaveAndAreRead_EachIsWhole()
    {
        var store = Open();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(p => Task.Run(() =>
        {
            for (var n = 1; n <= 25; n++)
            {
                store.Save([(p, new SinkProgress(n, n, (ulong)n, n))], [(p, n, new SinkProgress(n, n, (ulong)n, n))]);
                var other = store.Load((p + 1) % 4);
                Assert.Equal((other.Next, (ulong)other.Next, (Int128)other.Next), (other.Events, other.HashSum, other.BillingMinorSum));
                Assert.Equal(n, store.AtBarrier(p, n)!.Next);
            }
        })));
        for (var p = 0; p < 4; p++) Assert.Equal(25, store.Load(p).Next);
        (store as IDisposable)?.Dispose();
    }

    [SkippableFact]
    public void Save_WhenAnEpochHasTwoBarriers_TheFirstCounts()
    {
        var store = Open();
        store.Save([(0, new SinkProgress(5, 5, 5, 5))], [(0, 1, new SinkProgress(4, 4, 4, 4))]);
        store.Save([(0, new SinkProgress(9, 9, 9, 9))], [(0, 1, new SinkProgress(8, 8, 8, 8)), (0, 2, new SinkProgress(6, 6, 6, 6)), (0, 2, new SinkProgress(7, 7, 7, 7))]);
        Assert.Equal(new SinkProgress(4, 4, 4, 4), store.AtBarrier(0, 1));
        Assert.Equal(new SinkProgress(6, 6, 6, 6), store.AtBarrier(0, 2));
        (store as IDisposable)?.Dispose();
    }

    [SkippableFact]
    public void Save_WhenAgain_Replaces()
    {
        var store = Open();
        store.Save([(0, new SinkProgress(1, 1, 1, 1))], [(0, 1, new SinkProgress(1, 1, 1, 1))]);
        store.Save([(0, new SinkProgress(2, 2, 2, Int128.MaxValue))], [(0, 1, new SinkProgress(1, 1, 1, 1))]);
        Assert.Equal(new SinkProgress(2, 2, 2, Int128.MaxValue), store.Load(0));
        Assert.Equal(new SinkProgress(1, 1, 1, 1), store.AtBarrier(0, 1));
        store.Save([], []);
        (store as IDisposable)?.Dispose();
    }
}
