using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every store of API keys must do.</summary>
public abstract class ApiKeysSuite : IDisposable
{
    /// <summary>Opens the store of this test: empty the first time, afterwards with what was put; several may be open at once, as on several nodes.</summary>
    protected abstract IApiKeys Open();

    public virtual void Dispose() => GC.SuppressFinalize(this);

    private static ApiKey New(string name = "ann", long? expires = null, int? rate = null) => ApiKey.New(name, Roles.Marketing | Roles.Fraud, true, 5, "a test", expires, rate).Key;

    [SkippableFact]
    public void Keys_WhenAdded_AreListedInTheirOrderWithAllTheySay()
    {
        var keys = Open();
        Assert.Empty(keys.List());
        var (one, two) = (New("zoë \"z\"", expires: 7, rate: 9), New("ann"));
        Assert.True(keys.TryAdd(one));
        Assert.True(keys.TryAdd(two));
        Assert.False(keys.TryAdd(one with { Name = "another" }));
        Same([one, two], Open().List());
    }

    [SkippableFact]
    public void Revoke_WhenDoneTwice_KeepsTheFirstTime()
    {
        var (keys, key) = (Open(), New());
        keys.TryAdd(key);
        Assert.Null(keys.Revoke("0123456789abcdef", 8));
        Same([key with { RevokedAtMs = 8 }], [keys.Revoke(key.Id, 8)!]);
        Same([key with { RevokedAtMs = 8 }], [Open().Revoke(key.Id, 9)!]);
        Assert.Equal("revoked", keys.List()[0].State(0));
    }

    [SkippableFact]
    public void Version_WhenAnythingChangesAnywhere_IsAnother()
    {
        var (here, there, key) = (Open(), Open(), New());
        var seen = new List<long> { there.Version() };
        here.TryAdd(key);
        seen.Add(there.Version());
        here.Revoke(key.Id, 8);
        seen.Add(there.Version());
        Assert.Equal(3, seen.Distinct().Count());
        Assert.Equal(seen[^1], there.Version());
        Same([key with { RevokedAtMs = 8 }], there.List());
    }

    [SkippableFact]
    public void TryAddFirst_WhenManyTryAtOnce_OneDoes()
    {
        var stores = Enumerable.Range(0, 4).Select(_ => Open()).ToList();
        var made = 0;
        Parallel.ForEach(stores, store => { if (store.TryAddFirst(New())) Interlocked.Increment(ref made); });
        Assert.Equal(1, made);
        var first = Assert.Single(stores[0].List());
        stores[0].Revoke(first.Id, 1);
        Assert.False(stores[1].TryAddFirst(New())); // a revoked key was one
    }

    private static void Same(IEnumerable<ApiKey> expected, IEnumerable<ApiKey> found)
    {
        static string Told(ApiKey k) => $"{k with { Hash = default }} {Convert.ToHexString(k.Hash.Span)}";
        Assert.Equal(expected.Select(Told), found.Select(Told));
    }
}
