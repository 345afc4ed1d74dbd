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

    [Fact]
    public void SealSecrets_WhenDone_NoFileHoldsOneInTheClear()
    {
        var store = Open();
        store.Add(new("h", "https://example.org", [], true, "whsec_plainplainplain", "ann", 1));
        Assert.Contains(Directory.GetFiles(_folder.Path), f => Holds(f));
        store.SealSecrets(new WebhookSecrets(new byte[32]), 1);
        Assert.DoesNotContain(Directory.GetFiles(_folder.Path), f => Holds(f));

        static bool Holds(string file)
        {
            using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var bytes = new MemoryStream();
            from.CopyTo(bytes);
            return bytes.ToArray().AsSpan().IndexOf("whsec_plainplainplain"u8) >= 0;
        }
    }

    /// <summary>A file of before consent, sealed secrets and persons were known.</summary>
    [Fact]
    public void Open_OfAFileOfBefore_KeepsWhatItHolds()
    {
        var (file, change) = (_folder.File("segments.db"), Change("zoë", "a", true) with { OthersAt = 0, Linked = 0 });
        Open().Record([change], null);
        _open[0].Dispose();
        using (var old = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Pooling=False"))
        {
            old.Open();
            using var command = old.CreateCommand();
            command.CommandText = """
                ALTER TABLE segment_members DROP COLUMN purposes; ALTER TABLE segment_changes DROP COLUMN purposes; ALTER TABLE webhooks DROP COLUMN purpose;
                ALTER TABLE webhooks DROP COLUMN previous_secret; ALTER TABLE webhooks DROP COLUMN previous_until_ms;
                ALTER TABLE segment_members DROP COLUMN others_at; ALTER TABLE segment_members DROP COLUMN linked;
                ALTER TABLE segment_changes DROP COLUMN others_at; ALTER TABLE segment_changes DROP COLUMN linked;
                DROP TABLE fraud_cases; DROP TABLE fraud_case_entries; DROP TABLE fraud_case_feed; ALTER TABLE webhooks DROP COLUMN topic; PRAGMA user_version = 1;
                """;
            command.ExecuteNonQuery();
        }
        Assert.Equal(change, Open().MembershipsOf([change.Customer])[change.Customer].Single());
        Assert.Equal(change, Open().After(0, 9).Single().Change);
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
