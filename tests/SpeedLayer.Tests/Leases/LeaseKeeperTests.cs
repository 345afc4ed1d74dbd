using Lambda.SpeedLayer.Leases;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Leases;

/// <summary>A holder knows by its own clock that it may not read any more, before anybody else may begin.</summary>
public sealed class LeaseKeeperTests
{
    private readonly ManualTime _time = new();
    private readonly FailingStore _store;
    private readonly List<Exception> _errors = [];

    public LeaseKeeperTests() => _store = new FailingStore(new MemoryLeaseStore(_time));

    [Fact]
    public void IsHeld_WhenNotRenewedForTwoSeconds_IsFalseBeforeAnotherMayTakeOver()
    {
        var (a, b) = (Keeper(), Keeper());
        var lease = a.TryAcquire(0, "a", out _)!;
        Assert.True(lease.IsHeld);
        _time.Advance(TimeSpan.FromMilliseconds(1_999));
        Assert.True(lease.IsHeld);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(lease.IsHeld);
        Assert.Null(b.TryAcquire(0, "b", out var freeIn));
        Assert.Equal(TimeSpan.FromMilliseconds(500), freeIn);
    }

    [Fact]
    public void RenewAll_WhenHolderIsAlive_OthersNeverGetIn()
    {
        var (a, b) = (Keeper(), Keeper());
        var lease = a.TryAcquire(0, "a", out _)!;
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            a.RenewAll();
            Assert.Null(b.TryAcquire(0, "b", out _));
            Assert.True(lease.IsHeld);
        }
    }

    [Fact]
    public void IsHeld_WhenFrozenHolderComesBack_IsFalseAtOnceAndForEver()
    {
        var (frozen, next) = (Keeper(), Keeper());
        var old = frozen.TryAcquire(0, "frozen", out _)!;
        _time.Advance(TimeSpan.FromSeconds(10));
        var lease = next.TryAcquire(0, "next", out _)!;
        Assert.True(lease.Generation > old.Generation);
        Assert.False(old.IsHeld); // before its first renewal
        Assert.False(old.IsOvertaken);
        frozen.RenewAll();
        Assert.True(old.IsOvertaken);
        Assert.True(old.Overtaken.IsCancellationRequested);
        frozen.RenewAll();
        Assert.False(old.IsHeld);
        Assert.True(lease.IsHeld);
    }

    [Fact]
    public void IsHeld_WhenFrozenButNobodyCame_IsTrueAfterTheNextRenewal()
    {
        var keeper = Keeper();
        var lease = keeper.TryAcquire(0, "a", out _)!;
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(lease.IsHeld);
        keeper.RenewAll();
        Assert.True(lease.IsHeld);
    }

    [Fact]
    public void IsHeld_WhenTheAnswerWasLongOnItsWay_CountsFromTheSending()
    {
        var keeper = Keeper();
        _store.Before = () => _time.Advance(TimeSpan.FromSeconds(1.5));
        var lease = keeper.TryAcquire(0, "a", out _)!;
        _store.Before = () => _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(lease.IsHeld);
        keeper.RenewAll();
        Assert.False(lease.IsHeld);
    }

    [Fact]
    public void RenewAll_WhenTheStoreIsAway_IsToldAndHeldAgainLater()
    {
        var keeper = Keeper();
        var lease = keeper.TryAcquire(0, "a", out _)!;
        _store.Before = () => throw new StorageException("store", "away");
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            keeper.RenewAll();
        }
        Assert.Equal(4, _errors.Count);
        Assert.False(lease.IsHeld);
        Assert.False(lease.IsOvertaken);
        _store.Before = () => { };
        keeper.RenewAll();
        Assert.True(lease.IsHeld);
    }

    [Fact]
    public void TryAcquire_WhenTheSameProcessAgain_OnlyTheNewOneHolds()
    {
        var keeper = Keeper();
        var old = keeper.TryAcquire(0, "a", out _)!;
        var lease = keeper.TryAcquire(0, "a", out _)!;
        keeper.RenewAll();
        Assert.True(old.IsOvertaken);
        Assert.True(lease.IsHeld);
    }

    [Fact]
    public async Task AcquireAsync_WhenGivenBack_NeedNotWaitForExpiry()
    {
        var (a, b) = (Keeper(), Keeper());
        var lease = a.TryAcquire(0, "a", out _)!;
        a.Release(lease);
        Assert.True(lease.IsOvertaken);
        Assert.True((await b.AcquireAsync(0, "b", CancellationToken.None)).IsHeld);
    }

    [Fact]
    public async Task Start_WhenRunning_KeepsTheLeaseUntilDisposed()
    {
        var store = new MemoryLeaseStore(TimeProvider.System);
        var renewed = new SemaphoreSlim(0);
        var counting = new FailingStore(store) { Before = () => renewed.Release() };
        var keeper = new LeaseKeeper(counting, TimeProvider.System, _errors.Add, LeaseTimes.Default with { RenewEvery = TimeSpan.FromMilliseconds(1) });
        var lease = await keeper.AcquireAsync(0, "a", CancellationToken.None);
        keeper.Start();
        for (var i = 0; i < 5; i++) await renewed.WaitAsync();
        Assert.True(lease.IsHeld);
        await keeper.DisposeAsync();
        Assert.False(lease.IsHeld);
    }

    private LeaseKeeper Keeper() => new(_store, _time, _errors.Add);

    private sealed class FailingStore(ILeaseStore inner) : ILeaseStore
    {
        public Action Before { get; set; } = () => { };

        public LeaseAnswer Acquire(int partition, string owner, TimeSpan freeFor = default)
        {
            var answer = inner.Acquire(partition, owner, freeFor);
            Before();
            return answer;
        }

        public IReadOnlyList<bool> Renew(IReadOnlyList<(int Partition, long Generation)> held)
        {
            Before();
            return inner.Renew(held);
        }

        public void Release(int partition, long generation) => inner.Release(partition, generation);
    }
}
