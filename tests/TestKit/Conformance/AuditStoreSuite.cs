using Lambda.Domain.Bytes;
using Lambda.Serving.Audit;
using Lambda.Serving.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every store of audit chains must do.</summary>
public abstract class AuditStoreSuite : IAsyncLifetime
{
    /// <summary>Opens the store of this test: empty the first time, afterwards with what was appended.</summary>
    protected abstract IAuditStore Open();

    public Task InitializeAsync() => Task.CompletedTask;

    public virtual Task DisposeAsync() => Task.CompletedTask;

    [SkippableFact]
    public async Task Chain_WhenAppendedAndOpenedAgain_HasItAll()
    {
        var store = Open();
        Assert.Equal(0, store.End(store.Chain).Entries);
        Append(store, 3);
        Append(store, 1);
        await store.DisposeAsync();

        await using var again = Open();
        Assert.Equal(4, again.End(again.Chain).Entries);
        Append(again, 2);
        var verdict = AuditVerifier.Verify(again, again.Chain, null, [], default);
        Assert.Null(verdict.Fault);
        Assert.Equal((6, 6), (verdict.Entries, verdict.Head!.Number));
        Assert.Equal(verdict.Head, AuditPage.HeadOf(again, again.Chain));
        Assert.Equal([again.Chain], again.Chains());
    }

    [SkippableFact]
    public async Task TryAppend_WhenItIsNotTheNext_IsRefused()
    {
        await using var store = Open();
        Append(store, 2);
        var bytes = Linked(store.End(store.Chain), store.Chain, 2);
        Assert.False(store.TryAppend(2, 2, bytes));
        Assert.False(store.TryAppend(4, 2, bytes));
        Assert.True(store.TryAppend(3, 2, bytes));
        Assert.False(store.TryAppend(3, 2, bytes));
        Assert.Equal(4, store.End(store.Chain).Entries);
    }

    [SkippableFact]
    public async Task Read_WhenBegunAnywhere_GivesEveryEntryFromThere()
    {
        await using var store = Open();
        for (var i = 1; i <= 40; i++) Append(store, i % 7 + 1);
        var all = store.End(store.Chain).Entries;
        for (long after = 0; after < all; after += 13)
        {
            var page = AuditPage.Read(store, store.Chain, after, int.MaxValue, _ => true);
            Assert.Equal(Range(after + 1, all), page.Entries.Select(e => e.Number));
        }
        var some = AuditPage.Read(store, store.Chain, 5, 4, e => e.Number % 2 == 0);
        Assert.Equal([6, 8, 10, 12], some.Entries.Select(e => e.Number));
        Assert.Equal(12, some.Next);
        Assert.Empty(AuditPage.Read(store, "no such chain", 0, 9, _ => true).Entries);
    }

    protected static void Append(IAuditStore store, int count)
    {
        var end = store.End(store.Chain);
        Assert.True(store.TryAppend(end.Entries + 1, count, Linked(end, store.Chain, count)));
    }

    public static byte[] Linked(AuditEnd end, string chain, int count, byte[]? key = null)
    {
        var bytes = new GrowingBytes(64);
        bytes.Add(end.Entries == 0 ? AuditCodec.Genesis(chain) : end.Hash.Span);
        for (var i = 1; i <= count; i++) AuditCodec.Write(bytes, 1_700_000_000_000_000 + i, new AuditRecord("0123456789abcdef", "ann", "getCustomer", $"c:{end.Entries + i}", 200, i % 2 == 0, "", "127.0.0.1"));
        AuditCodec.Link(bytes.Written, end.Entries + 1, key);
        return bytes.Written[AuditCodec.HashBytes..].ToArray();
    }

    private static IEnumerable<long> Range(long from, long to)
    {
        for (; from <= to; from++) yield return from;
    }
}
