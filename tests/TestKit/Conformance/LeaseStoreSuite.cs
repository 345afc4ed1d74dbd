using Lambda.SpeedLayer.Leases;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every store of leases must do.</summary>
public abstract class LeaseStoreSuite : IAsyncLifetime
{
    protected static readonly LeaseTimes Times = LeaseTimes.Default;

    private ILeaseStore _store = null!;

    /// <summary>Opens the store with <see cref="Times"/>: empty the first time.</summary>
    protected abstract ILeaseStore Open();

    /// <summary>Moves the store's clock on, or its leases back.</summary>
    protected abstract void Pass(TimeSpan time);

    public virtual Task InitializeAsync()
    {
        _store = Open();
        return Task.CompletedTask;
    }

    public virtual Task DisposeAsync() => Task.CompletedTask;

    [SkippableFact]
    public void Acquire_WhenFree_IsGrantedPerPartition()
    {
        Assert.Equal(1, Granted(0, "a"));
        Assert.Equal(1, Granted(1, "b"));
        Assert.True(_store.Renew(0, 1));
        Assert.False(_store.Renew(0, 2));
        Assert.False(_store.Renew(7, 1));
    }

    [SkippableFact]
    public void Acquire_WhenAnotherHoldsIt_SaysWhoAndForHowLong()
    {
        Granted(0, "a");
        var answer = _store.Acquire(0, "b");
        Assert.False(answer.IsGranted);
        Assert.Equal("a", answer.HeldBy);
        Assert.InRange(answer.FreeIn, TimeSpan.FromTicks(1), Times.Expiry + TimeSpan.FromMilliseconds(1));
    }

    [SkippableFact]
    public void Acquire_WhenExpired_OvertakesTheHolder()
    {
        var first = Granted(0, "a");
        Pass(Times.Expiry);
        var second = Granted(0, "b");
        Assert.True(second > first);
        Assert.False(_store.Renew(0, first));
        Assert.True(_store.Renew(0, second));
        Assert.False(_store.Acquire(0, "a").IsGranted);
    }

    [SkippableFact]
    public void Acquire_WhenItMustHaveBeenFreeForAWhile_IsRefusedUntilThen()
    {
        var wait = TimeSpan.FromSeconds(10);
        Assert.True(_store.Acquire(1, "b", wait).IsGranted); // nobody ever had it
        Granted(0, "a");
        Pass(Times.Expiry);
        var early = _store.Acquire(0, "b", wait);
        Assert.Equal((false, "a"), (early.IsGranted, early.HeldBy));
        Assert.InRange(early.FreeIn, wait - TimeSpan.FromSeconds(5), wait);
        var held = Granted(0, "a"); // who does not wait has it
        Pass(Times.Expiry + wait);
        Assert.True(_store.Renew(0, held));
        Assert.False(_store.Acquire(0, "b", wait).IsGranted);
        _store.Release(0, held);
        Assert.False(_store.Acquire(0, "b", wait).IsGranted);
        Pass(wait);
        Assert.True(_store.Acquire(0, "b", wait).IsGranted);
        Assert.True(_store.Acquire(0, "b", wait).IsGranted); // its own
    }

    [SkippableFact]
    public void Renew_WhenExpiredButNobodyCame_IsHeldAgain()
    {
        var generation = Granted(0, "a");
        Pass(Times.Expiry);
        Assert.True(_store.Renew(0, generation));
        Assert.False(_store.Acquire(0, "b").IsGranted);
    }

    [SkippableFact]
    public void Acquire_WhenTheSameOwnerAgain_IsANewGenerationAtOnce()
    {
        var first = Granted(0, "a");
        var second = Granted(0, "a");
        Assert.True(second > first);
        Assert.Equal([false, true], _store.Renew([(0, first), (0, second)]));
    }

    [SkippableFact]
    public void Release_WhenHeld_LetsTheNextInAndIsNotHeldAgain()
    {
        var first = Granted(0, "a");
        _store.Release(0, first);
        Assert.False(_store.Renew(0, first));
        var second = Granted(0, "b");
        Assert.True(second > first);
        _store.Release(0, first); // late
        Assert.True(_store.Renew(0, second));
    }

    [SkippableFact]
    public void Acquire_WhenManyAtOnce_OneIsGranted()
    {
        for (var partition = 0; partition < 5; partition++)
        {
            var granted = 0;
            Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            {
                if (_store.Acquire(partition, $"owner {i}").IsGranted) Interlocked.Increment(ref granted);
            });
            Assert.Equal(1, granted);
        }
    }

    private long Granted(int partition, string owner)
    {
        var answer = _store.Acquire(partition, owner);
        Assert.True(answer.IsGranted, $"held by {answer.HeldBy} for {answer.FreeIn}");
        return answer.Generation;
    }
}
