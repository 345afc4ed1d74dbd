using System.Text;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every quarantine must do.</summary>
public abstract class QuarantineSuite : IAsyncLifetime
{
    private IQuarantine _quarantine = null!;

    /// <summary>Opens the quarantine of this test: empty the first time, afterwards with what was added.</summary>
    protected abstract ValueTask<IQuarantine> OpenAsync();

    public virtual async Task InitializeAsync() => _quarantine = await OpenAsync();

    public virtual async Task DisposeAsync() => await _quarantine.DisposeAsync();

    [SkippableFact]
    public async Task Add_WhenReopened_EveryFieldIsThere()
    {
        byte[] raw = [0, 0xff, (byte)'{'];
        _quarantine.Add([new QuarantineEntry(99, 1_700_000_000_123, "file:a.csv", 12, "amount", "too_many_decimals", "found 1.234; expected at most 2 décimales", raw)], once: false);
        await _quarantine.DisposeAsync();
        _quarantine = await OpenAsync();
        var entry = Assert.Single(List());
        Assert.Equal("found 1.234; expected at most 2 décimales", entry.Detail);
        Assert.Equal((1_700_000_000_123, "file:a.csv", 12, "amount", "too_many_decimals"), (entry.AtMs, entry.Source, entry.Line, entry.Field, entry.Reason));
        Assert.Equal(raw, entry.Raw.ToArray());
        Assert.Null(entry.ReplayedAtMs);
        Assert.True(entry.Id > 0);
    }

    [SkippableFact]
    public void List_WhenPaged_GoesOnAfterTheLastId()
    {
        _quarantine.Add([.. Enumerable.Range(0, 10).Select(i => Entry($"line {i}", i % 2 == 0 ? "even" : "odd"))], once: false);
        var first = _quarantine.List(0, 4, null, includeReplayed: false);
        Assert.Equal(["line 0", "line 1", "line 2", "line 3"], first.Select(Text));
        Assert.Equal(["line 4", "line 5"], _quarantine.List(first[^1].Id, 2, null, includeReplayed: false).Select(Text));
        Assert.Equal(["line 5", "line 7"], _quarantine.List(first[^1].Id, 2, "odd", includeReplayed: false).Select(Text));
        Assert.Empty(_quarantine.List(long.MaxValue, 5, null, includeReplayed: true));
    }

    [SkippableFact]
    public void Add_WhenOnce_AnOpenEntryIsNotStoredTwice()
    {
        _quarantine.Add([Entry("same", "r")], once: true);
        _quarantine.Add([Entry("same", "r"), Entry("other", "r"), Entry("same", "r2"), Entry("other", "r")], once: true);
        Assert.Equal(["same", "other", "same"], List().Select(Text));
        _quarantine.Add([Entry("same", "r")], once: false);
        Assert.Equal(4, List().Count);
    }

    [SkippableFact]
    public void Add_WhenTheSameWasReplayed_IsStoredAgain()
    {
        _quarantine.Add([Entry("same", "r")], once: true);
        _quarantine.MarkReplayed([List()[0].Id], 5);
        _quarantine.Add([Entry("same", "r")], once: true);
        Assert.Equal(2, _quarantine.List(0, 10, null, includeReplayed: true).Count);
        Assert.Single(List());
    }

    [SkippableFact]
    public void MarkReplayed_WhenListed_OpenOnesOnlyAreGivenAndCounted()
    {
        _quarantine.Add([Entry("a", "x"), Entry("b", "x"), Entry("c", "y")], once: false);
        Assert.Equal([("x", 2L), ("y", 1L)], _quarantine.Counts().OrderBy(c => c.Key).Select(c => (c.Key, c.Value)));
        _quarantine.MarkReplayed([List()[0].Id, List()[2].Id, 12345], 77);
        Assert.Equal(["b"], List().Select(Text));
        Assert.Equal([77, null, 77], _quarantine.List(0, 10, null, includeReplayed: true).Select(e => e.ReplayedAtMs));
        Assert.Equal([("x", 1L)], _quarantine.Counts().Select(c => (c.Key, c.Value)));
    }

    [SkippableFact]
    public async Task Add_WhenManyAtOnce_IdsAscend()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(t => Task.Run(() =>
        {
            for (var i = 0; i < 25; i++) _quarantine.Add([Entry($"{t}/{i}", "r")], once: true);
        })));
        var ids = List().Select(e => e.Id).ToList();
        Assert.Equal(100, ids.Distinct().Count());
        Assert.Equal(ids.Order(), ids);
    }

    [SkippableFact]
    public void Delete_WhenAgain_TheOthersStayAndIdsGoOn()
    {
        _quarantine.Add([Entry("a", "x"), Entry("b", "x"), Entry("c", "y")], once: false);
        var (second, last) = (List()[1].Id, List()[2].Id);
        _quarantine.Delete([second, 12345]);
        _quarantine.Delete([second]);
        _quarantine.Delete([]);
        Assert.Equal(["a", "c"], List().Select(Text));
        _quarantine.Add([Entry("b", "x")], once: true);
        Assert.True(List()[^1].Id > last);
    }

    private static QuarantineEntry Entry(string raw, string reason) => new(0, 1, "http", 1, "", reason, "", Encoding.UTF8.GetBytes(raw));

    private IReadOnlyList<QuarantineEntry> List() => _quarantine.List(0, 1_000, null, includeReplayed: false);

    private static string Text(QuarantineEntry entry) => Encoding.UTF8.GetString(entry.Raw.Span);
}
