using Lambda.Domain.Events;
using Lambda.Serving.Segments;
using Lambda.Serving.Local;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Xunit;

namespace Lambda.SystemTests.Cases;

public sealed class SqliteCaseStoreTests : CaseStoreSuite
{
    private readonly TempFolder _folder = new();
    private readonly List<SqliteSegments> _open = [];

    protected override ISegmentDatabase OpenDatabase()
    {
        lock (_open)
        {
            _open.Add(new SqliteSegments(_folder.File("segments.db")));
            return _open[^1];
        }
    }

    public override void Dispose()
    {
        foreach (var open in _open) open.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Forget_WhenDone_NoFileHoldsWhatWasWritten()
    {
        var store = Open();
        store.Add([Alert("gone-customer", "t1", 5)], 5);
        Assert.True(store.Note(1, "eve", "called-her-mother", 6));
        Assert.Contains(Directory.GetFiles(_folder.Path), f => Holds(f, "called-her-mother"u8));
        store.Forget(CustomerId.From("gone-customer"), 10);
        Assert.DoesNotContain(Directory.GetFiles(_folder.Path), f => Holds(f, "called-her-mother"u8) || Holds(f, "gone-customer"u8));

        static bool Holds(string file, ReadOnlySpan<byte> text)
        {
            using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var bytes = new MemoryStream();
            from.CopyTo(bytes);
            return bytes.ToArray().AsSpan().IndexOf(text) >= 0;
        }
    }
}
