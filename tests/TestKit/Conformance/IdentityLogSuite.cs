using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Identity;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every identity log does.</summary>
public abstract class IdentityLogSuite : IDisposable
{
    /// <summary>The log, with what was appended through one opened before.</summary>
    protected abstract IIdentityLog Open();

    public virtual void Dispose() => GC.SuppressFinalize(this);

    public static Guid Id(int n) => new(n, 0, 0, new byte[8]);

    public static Link Link(int n, string into, string customer, long at = 5) =>
        new(Id(n), CustomerId.From(into), CustomerId.From(customer), "ops", 1_700_000_000_000 + n, "found by the bank \"ä\"") { IntoAt = new Position(1, at), CustomerAt = new Position(2, at) };

    [SkippableFact]
    public void Append_WhenItEndsWhereSaid_IsReadBackByThoseWhoOpenItLater()
    {
        IdentityRecord[] records =
        [
            new IdentityRecord.Linked(Link(1, "zoë", "a b/c")), new IdentityRecord.Unlinked(Id(1), "ops", 7, ""), new IdentityRecord.Linked(Link(2, "x", "y")), new IdentityRecord.Forgotten(Id(2), 9),
        ];
        var log = Open();
        for (var i = 0; i < records.Length; i++) Assert.True(log.TryAppend(i, records[i]));
        var expected = records.Select((r, i) => new NumberedRecord(i + 1, r)).ToList();
        Assert.Equal(expected, Open().After(0, 100));
        Assert.Equal(expected[2..], Open().After(2, 100));
        Assert.Equal(expected[1..3], log.After(1, 2));
        Assert.Empty(log.After(4, 100));
    }

    [SkippableFact]
    public void Append_WhenItHasGoneOn_TakesNothing()
    {
        var log = Open();
        Assert.True(log.TryAppend(0, new IdentityRecord.Linked(Link(1, "a", "b"))));
        Assert.False(log.TryAppend(0, new IdentityRecord.Linked(Link(2, "b", "a"))));
        Assert.False(log.TryAppend(2, new IdentityRecord.Linked(Link(2, "b", "a"))));
        Assert.Single(log.After(0, 100));
    }

    [SkippableFact]
    public async Task Append_WhenSeveralDecideAtOnce_NeverClosesACircle()
    {
        var customers = Enumerable.Range(0, 12).Select(i => CustomerId.From($"c{i}")).ToArray();
        IIdentityLog[] logs = [Open(), Open(), Open()];
        await Task.WhenAll(logs.Select((log, writer) => Task.Run(() =>
        {
            var (identities, chance) = (new Identities(log), new Random(writer));
            for (var i = 0; i < 25; i++)
            {
                var (into, other) = (chance.Next(12), chance.Next(12));
                if (into == other) continue;
                var link = Link((writer * 1000) + i, $"c{into}", $"c{other}");
                identities.Append(s => s.Decide(link), d => (d as MergeDecision.Append)?.Record);
            }
        })));
        var state = new IdentityState();
        foreach (var record in Open().After(0, 1_000)) state.Apply(record); // throws on a circle
        Assert.Equal(11, state.Number);
        Assert.Equal(12, state.Of(customers[0])!.Members.Count);
    }

    [SkippableFact]
    public void Blank_WhenLinksWereForgotten_LeavesTheirIdsAndEverythingElse()
    {
        var log = Open();
        IdentityRecord[] records =
        [
            new IdentityRecord.Linked(Link(1, "a", "b")), new IdentityRecord.Unlinked(Id(1), "ops", 7, "b was wrong"), new IdentityRecord.Linked(Link(2, "x", "y")), new IdentityRecord.Forgotten(Id(1), 9),
        ];
        for (var i = 0; i < records.Length; i++) log.TryAppend(i, records[i]);
        Assert.Equal(2, log.Blank([Id(1)]));
        Assert.Equal(0, log.Blank([Id(1)]));
        Assert.Equal(0, log.Blank([]));
        Assert.Equal([new IdentityRecord.Blank(Id(1)), new IdentityRecord.Blank(Id(1)), records[2], records[3]], Open().After(0, 100).Select(r => r.Record));
        Assert.True(log.TryAppend(4, new IdentityRecord.Linked(Link(5, "a", "b"))));
    }
}
