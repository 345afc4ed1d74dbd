using Lambda.Serving.Local;
using Lambda.Serving.Segments;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Xunit;

namespace Lambda.SystemTests.Segments;

public sealed class SqliteSegmentStoreTests : SegmentStoreSuite
{
    private readonly TempFolder _folder = new();
    private readonly List<SqliteSegments> _open = [];

    protected override SegmentStore Open()
    {
        lock (_open)
        {
            _open.Add(new SqliteSegments(_folder.File("segments.db")));
            return new SegmentStore(_open[^1]);
        }
    }

    public override void Dispose()
    {
        foreach (var open in _open) open.Dispose();
        _folder.Dispose();
    }

    /// <summary>One process owns the folder: what the one before had begun to deliver is nobody's.</summary>
    [Fact]
    public void Open_WhenTheLastProcessDied_HasItsDeliveriesDueAtOnce()
    {
        var store = Open();
        store.Add(new("h", "https://example.org", [], true, "s", "ann", 1));
        store.Record([Change("zoë", "a", true)], null);
        Assert.Single(store.Claim("h", 10, long.MaxValue, 9));
        Assert.Single(Open().Claim("h", 11, 20, 9));
    }
}
