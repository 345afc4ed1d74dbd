using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every store of base files must do.</summary>
public abstract class BaseStoreSuite : IDisposable
{
    /// <summary>Opens the store of this test: empty the first time, afterwards with what was built.</summary>
    protected abstract IBaseStore Open();

    public virtual void Dispose() => GC.SuppressFinalize(this);

    [Fact]
    public async Task Build_WhenOpenedByAnother_HoldsTheStates()
    {
        var file = await BuildAsync(Open(), 1, "a", "b");
        Assert.Equal(2, file.Rows);
        var view = Open().Open(file);
        Assert.Equal((1, "definition", 2), (view.Epoch, view.DefinitionHash, view.Customers));
        Assert.Equal(["a", "b"], view.Scan().Select(e => e.Customer.ToString()));
        Assert.True(view.TryFind("b"u8, out _));
        Open().Retire(view);
    }

    [Fact]
    public async Task Build_WhenTheSameStates_IsTheSameFile()
    {
        var store = Open();
        Assert.Equal(await BuildAsync(store, 1, "a", "b"), await BuildAsync(store, 1, "a", "b"));
        Assert.NotEqual((await BuildAsync(store, 1, "a", "b")).Hash, (await BuildAsync(store, 1, "a")).Hash);
    }

    [Fact]
    public async Task Open_WhenMissingOrAnother_SaysSo()
    {
        var store = Open();
        Assert.Throws<BaseCorruptException>(() => store.Open(new Artefact("never built", "hash", 0)));
        var first = await BuildAsync(store, 1, "a", "b");
        await BuildAsync(store, 1, "a", "c"); // replaces the earlier try
        Assert.Throws<BaseCorruptException>(() => store.Open(first));
    }

    [Fact]
    public async Task Build_WhenTheStreamBreaksOff_TheEarlierFileStands()
    {
        var store = Open();
        var file = await BuildAsync(store, 1, "a", "b");
        await Assert.ThrowsAsync<IOException>(() => store.BuildAsync(1, "definition", 0, BrokenAsync(), default));
        store.Retire(store.Open(file));
    }

    [Fact]
    public async Task Retire_WhileRead_TheReaderKeepsIt()
    {
        var store = Open();
        var view = store.Open(await BuildAsync(store, 1, "a"));
        Assert.True(view.TryAcquire());
        store.Retire(view);
        store.DeleteExcept([]);
        Assert.True(view.TryFind("a"u8, out _));
        view.Release();
        Assert.False(view.TryAcquire());
    }

    [Fact]
    public async Task DeleteExcept_WhenNamed_OnlyTheOthersAreGone()
    {
        var store = Open();
        var (old, kept) = (await BuildAsync(store, 1, "a"), await BuildAsync(store, 2, "a"));
        store.DeleteExcept([kept.Name]);
        Assert.Throws<BaseCorruptException>(() => store.Open(old));
        store.Retire(store.Open(kept));
        store.DeleteExcept([kept.Name]);
    }

    [Fact]
    public async Task Build_WhenPartitionsBuildAtOnce_EachIsThere()
    {
        var store = Open();
        var files = await Task.WhenAll(Enumerable.Range(0, 4).Select(p => Task.Run(() => BuildAsync(OneAtATime(store), 1, p, $"c{p}"))));
        for (var p = 0; p < 4; p++)
        {
            var view = store.Open(files[p]);
            Assert.True(view.TryFind(Encoding.UTF8.GetBytes($"c{p}"), out _));
            store.Retire(view);
        }
    }

    /// <summary>For a store that is for one thread.</summary>
    protected virtual IBaseStore OneAtATime(IBaseStore store) => store;

    private static Task<Artefact> BuildAsync(IBaseStore store, long epoch, params string[] customers) => BuildAsync(store, epoch, 0, customers);

    private static Task<Artefact> BuildAsync(IBaseStore store, long epoch, int partition, params string[] customers) =>
        store.BuildAsync(epoch, "definition", partition, StatesAsync(customers), default);

    private static async IAsyncEnumerable<(CustomerId, State)> StatesAsync(string[] customers)
    {
        foreach (var customer in customers)
        {
            await Task.Yield();
            yield return (CustomerId.From(customer), new State());
        }
    }

    private static async IAsyncEnumerable<(CustomerId, State)> BrokenAsync()
    {
        await Task.Yield();
        yield return (CustomerId.From("a"), new State());
        throw new IOException("the warehouse has gone");
    }
}
