using Lambda.Serving.Audit;
using Lambda.Serving.Local;
using Lambda.Serving.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Xunit;

namespace Lambda.SystemTests.Security;

public sealed class FileAuditStoreTests : AuditStoreSuite
{
    private readonly TempFolder _folder = new();

    protected override IAuditStore Open() => new FileAuditStore(_folder.File("audit"));

    public override Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }
}

/// <summary>The same with a file for every group of entries.</summary>
public sealed class FileAuditStoreInManyFilesTests : AuditStoreSuite
{
    private readonly TempFolder _folder = new();

    protected override IAuditStore Open() => new FileAuditStore(_folder.File("audit"), fileBytesMax: 1);

    public override Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }
}

public sealed class SqliteApiKeysTests : ApiKeysSuite
{
    private readonly TempFolder _folder = new();
    private readonly List<SqliteApiKeys> _open = [];

    protected override IApiKeys Open()
    {
        _open.Add(new SqliteApiKeys(_folder.File("keys.db")));
        return _open[^1];
    }

    public override void Dispose()
    {
        foreach (var keys in _open) keys.Dispose();
        _folder.Dispose();
    }
}

/// <summary>Nothing can be done to the files of a log that verification does not find.</summary>
public sealed class AuditChainTests : IDisposable
{
    private static readonly byte[] Secret = [.. "0123456789abcdef0123456789abcdef"u8];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Folder => _folder.File("audit");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Verify_WhenAnyByteIsFlipped_NamesTheEntry(bool keyed)
    {
        var key = keyed ? Secret : null;
        Make(5, 1 << 20, key);
        var file = Directory.GetFiles(Folder).Single();
        var good = File.ReadAllBytes(file);
        var size = good.Length / 5;
        for (var at = size; at < 4 * size; at++) // every byte of the entries 2, 3 and 4
        {
            foreach (var bit in (byte[])[1, 0x80])
            {
                var bad = (byte[])good.Clone();
                bad[at] ^= bit;
                File.WriteAllBytes(file, bad);
                var verdict = Verify(key);
                Assert.True(verdict.BadEntry == at / size + 1, $"byte {at} of entry {at / size + 1}: {verdict}");
                Assert.Contains($"entry {at / size + 1} ", verdict.Fault, StringComparison.Ordinal);
            }
        }
        File.WriteAllBytes(file, good);
        Assert.Null(Verify(key).Fault);
    }

    [Fact]
    public void Verify_WhenEntriesAreMovedDeletedOrRepeated_Notices()
    {
        Make(6, 1 << 20);
        var file = Directory.GetFiles(Folder).Single();
        var good = File.ReadAllBytes(file);
        var size = good.Length / 6;
        byte[] Entries(params int[] order) => [.. order.SelectMany(i => good.AsSpan(i * size, size).ToArray())];
        foreach (var (order, bad) in new (int[], long)[] { ([0, 2, 1, 3, 4, 5], 2), ([0, 1, 3, 4, 5], 3), ([1, 2, 3, 4, 5], 1), ([0, 1, 1, 2, 3, 4, 5], 3) })
        {
            File.WriteAllBytes(file, Entries(order));
            Assert.Equal(bad, Verify().BadEntry);
        }
    }

    [Fact]
    public void Verify_WhenFilesAreMissingOrSwapped_Notices()
    {
        Make(6, 1);
        var files = Directory.GetFiles(Folder).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(6, files.Count);
        var aside = _folder.File("aside");
        foreach (var (missing, told) in new[] { (0, "before it are missing"), (2, "entries are missing") })
        {
            File.Move(files[missing], aside);
            Assert.Contains(told, Verify().Fault, StringComparison.Ordinal);
            File.Move(aside, files[missing]);
        }
        File.Move(files[2], aside);
        File.Move(files[3], files[2]);
        File.Move(aside, files[3]);
        Assert.Equal(3, Verify().BadEntry);
    }

    [Fact]
    public void Verify_WhenTheEndIsCutOff_NeedsAnAnchorToNotice()
    {
        var head = Make(6, 1);
        File.Delete(Directory.GetFiles(Folder).Order(StringComparer.Ordinal).Last());
        Assert.Null(Verify().Fault);
        Assert.Contains("cut off", Verify(null, head).Fault, StringComparison.Ordinal);
        Directory.Delete(Folder, recursive: true);
        Assert.Contains("cut off", Verify(null, head).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_WhenTheEndIsCutWithinAnEntry_NamesIt()
    {
        Make(3, 1 << 20);
        var file = Directory.GetFiles(Folder).Single();
        using (var open = File.OpenWrite(file)) open.SetLength(open.Length - 1);
        Assert.Equal(3, Verify().BadEntry);
    }

    [Fact]
    public void Verify_WhenTheLogWasWrittenAnew_NoticesByKeyOrAnchor()
    {
        var head = Make(6, 1 << 20, Secret);
        Assert.Null(Verify(Secret, head).Fault);
        Assert.Contains("key is needed", Verify(null).Fault, StringComparison.Ordinal);
        Directory.Delete(Folder, recursive: true);
        Make(6, 1 << 20, [.. "another secret of 32 bytes, or so"u8]); // by somebody who has not the key
        Assert.Equal(1, Verify(Secret).BadEntry);
        Directory.Delete(Folder, recursive: true);
        Make(6, 1 << 20); // or pretends that there never was one
        Assert.Contains("not keyed", Verify(Secret).Fault, StringComparison.Ordinal);
        Assert.Null(Verify(null).Fault);
        Assert.Contains("written anew", Verify(null, head).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_WhenTheKeyCameLater_NeedsAnAnchorForWhatWasBefore()
    {
        var before = Make(3, 1 << 20);
        Make(3, 1 << 20, Secret);
        Assert.Equal(1, Verify(Secret).BadEntry);
        var verdict = Verify(Secret, before);
        Assert.Equal((null, 6, 3), (verdict.Fault, verdict.Entries, verdict.Keyed));
    }

    [Fact]
    public void Verify_WhenOldFilesWerePutAway_NeedsTheirEnd()
    {
        var before = Make(3, 1);
        Make(3, 1);
        foreach (var old in Directory.GetFiles(Folder).Order(StringComparer.Ordinal).Take(3)) File.Delete(old);
        Assert.Contains("put away", Verify().Fault, StringComparison.Ordinal);
        var verdict = Verify(null, before);
        Assert.Equal((null, 3, 6), (verdict.Fault, verdict.Entries, verdict.Head!.Number));
        Assert.NotNull(Verify(null, before with { Hash = new string('0', 64) }).Fault);
    }

    [Fact]
    public async Task Store_WhenACrashCutOffAWrite_SetsTheRestAsideAndGoesOn()
    {
        Make(3, 1 << 20);
        var file = Directory.GetFiles(Folder).Single();
        var good = File.ReadAllBytes(file);
        for (var cut = 1; cut < good.Length / 3; cut += 7)
        {
            File.WriteAllBytes(file, [.. good, .. good.AsSpan(0, cut)]);
            await using (var store = new FileAuditStore(Folder)) Assert.Contains($"{cut} bytes", Assert.Single(store.Notes()), StringComparison.Ordinal);
            Assert.Equal(good, File.ReadAllBytes(file));
            foreach (var rest in Directory.GetFiles(Folder, "*.rest-*")) File.Delete(rest);
        }
        Make(1, 1 << 20);
        Assert.Equal((null, 4), (Verify().Fault, Verify().Entries));
    }

    [Fact]
    public void Codec_WhenTextsAreLongOrOdd_KeepsWhatFits()
    {
        var bytes = new Domain.Bytes.GrowingBytes(16);
        bytes.Add(AuditCodec.Genesis("x"));
        AuditCodec.Write(bytes, 7, new AuditRecord("k", "Zoë\u0001", "op", new string('ü', 5_000), 404, true, "\ud800", ""));
        AuditCodec.Link(bytes.Written, 9, null);
        var entry = bytes.Written[AuditCodec.HashBytes..];
        Assert.Equal(entry.Length, AuditCodec.SizeOf(entry));
        var read = AuditCodec.Read(entry)!;
        Assert.Equal((9, 7, "k", "Zoë\u0001", "op", 404, true, "\ufffd", ""), (read.Number, read.AtMicros, read.What.KeyId, read.What.Caller, read.What.Operation, read.What.Status, read.What.PersonalData, read.What.Detail, read.What.From));
        Assert.Equal(new string('ü', 512), read.What.Subject);
    }

    /// <returns>The end.</returns>
    private AuditAnchor Make(int entries, long fileBytesMax, byte[]? key = null)
    {
        using var store = new Closing(new FileAuditStore(Folder, fileBytesMax: fileBytesMax));
        for (var i = 0; i < entries; i++)
        {
            var end = store.Store.End(store.Store.Chain);
            Assert.True(store.Store.TryAppend(end.Entries + 1, 1, AuditStoreSuite.Linked(end, store.Store.Chain, 1, key)));
        }
        return AuditPage.HeadOf(store.Store, store.Store.Chain)!;
    }

    private AuditVerdict Verify(byte[]? key = null, params AuditAnchor[] anchors) =>
        AuditVerifier.Verify(new FileAuditStore(Folder, isReadOnly: true), FileAuditStore.ChainName, key, anchors, default);

    private sealed class Closing(FileAuditStore store) : IDisposable
    {
        public FileAuditStore Store => store;

        public void Dispose() => store.DisposeAsync().AsTask().Wait();
    }
}
