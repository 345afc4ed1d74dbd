using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every base view must do.</summary>
public abstract class BaseViewSuite
{
    /// <summary>A view of these entities, which come in ascending order.</summary>
    protected abstract IBaseView Create(long epoch, string definitionHash, IReadOnlyList<StoredEntity> entities);

    [Fact]
    public void TryFind_WhenEmpty_FindsNothing()
    {
        var view = Create(3, "hash", []);
        Assert.Equal((3, "hash", 0), (view.Epoch, view.DefinitionHash, view.Customers));
        Assert.False(view.TryFind("a"u8, out _));
        Assert.False(view.TryFind(""u8, out _));
        Assert.Empty(view.Scan());
        view.Retire();
    }

    [Fact]
    public void TryFind_WhenOneEntry_FindsItOnly()
    {
        var view = Create(1, "h", [Entity("m", "state")]);
        Assert.True(view.TryFind("m"u8, out var state));
        Assert.Equal("state", Encoding.UTF8.GetString(state));
        Assert.False(view.TryFind("l"u8, out _));
        Assert.False(view.TryFind("ma"u8, out _));
        Assert.False(view.TryFind("n"u8, out _));
        view.Retire();
    }

    [Fact]
    public void TryFind_WhenRandom_EqualsADictionary()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var expected = Random(new Random(seed), seed * 100);
            var view = Create(seed, "h", [.. expected.Select(e => new StoredEntity(e.Key, e.Value))]);
            Assert.Equal(expected.Count, view.Customers);
            foreach (var (customer, state) in expected)
            {
                Assert.True(view.TryFind(customer.Utf8, out var found), $"seed {seed}: {customer} is missing");
                Assert.True(found.SequenceEqual(state), $"seed {seed}: {customer} has another state");
            }
            foreach (var absent in Random(new Random(-seed - 1), 500).Keys)
                Assert.Equal(expected.ContainsKey(absent), view.TryFind(absent.Utf8, out _));
            Assert.Equal(expected.Keys, view.Scan().Select(e => e.Customer));
            Assert.Equal(expected.Values, view.Scan().Select(e => e.State.ToArray()));
            view.Retire();
        }
    }

    [Fact]
    public void TryAcquire_WhenRetired_RefusesNewReadersAndKeepsOldOnes()
    {
        var view = Create(1, "h", [Entity("a", "1")]);
        Assert.True(view.TryAcquire());
        Assert.True(view.TryAcquire());
        view.Retire();
        Assert.False(view.TryAcquire());
        Assert.True(view.TryFind("a"u8, out var state));
        Assert.Equal("1", Encoding.UTF8.GetString(state));
        view.Release();
        view.Retire();
        Assert.True(view.TryFind("a"u8, out _));
        view.Release();
        Assert.False(view.TryAcquire());
    }

    [Fact]
    public async Task TryAcquire_WhileSwapped_ReadersSeeAWholeViewAlways()
    {
        var current = Create(0, "h", Numbered(0));
        var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            for (long reads = 0; ; reads++)
            {
                var view = Volatile.Read(ref current);
                if (!view.TryAcquire()) continue;
                Assert.True(view.TryFind(Encoding.UTF8.GetBytes($"c{reads % 100:d3}"), out var state));
                Assert.Equal(view.Epoch, long.Parse(state));
                view.Release();
                if (stop.IsCancellationRequested) return;
            }
        })).ToArray();
        for (var epoch = 1; epoch <= 50; epoch++) Interlocked.Exchange(ref current, Create(epoch, "h", Numbered(epoch))).Retire();
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        current.Retire();
    }

    protected static StoredEntity Entity(string customer, string state) => new(CustomerId.From(customer), Encoding.UTF8.GetBytes(state));

    private static StoredEntity[] Numbered(long epoch) => [.. Enumerable.Range(0, 100).Select(i => Entity($"c{i:d3}", $"{epoch}"))];

    /// <summary>Ids of 1..128 bytes of a small alphabet, so that prefixes and neighbours abound; states from empty to larger than a block.</summary>
    protected static SortedDictionary<CustomerId, byte[]> Random(Random random, int count)
    {
        var entities = new SortedDictionary<CustomerId, byte[]>();
        for (var i = 0; i < count; i++)
        {
            var id = new byte[random.Next(10) == 0 ? CustomerId.MaxBytes : random.Next(1, 12)];
            for (var b = 0; b < id.Length; b++) id[b] = (byte)"\0ab\x7f\xff"[random.Next(5)];
            var state = new byte[random.Next(20) == 0 ? random.Next(60_000) : random.Next(300)];
            random.NextBytes(state);
            entities[new CustomerId(id)] = state;
        }
        return entities;
    }
}
