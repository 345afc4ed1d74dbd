using Lambda.Domain.Events;
using Lambda.SpeedLayer.Base;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Base;

public sealed class BaseFileConformance : BaseViewSuite, IDisposable
{
    private readonly TempFolder _folder = new();

    protected override IBaseView Create(long epoch, string definitionHash, IReadOnlyList<StoredEntity> entities) =>
        BaseFile.Open(BaseFiles.Write(_folder.Path, entities, epoch, definitionHash).Path);

    public void Dispose() => _folder.Dispose();
}

internal static class BaseFiles
{
    public static BaseFileInfo Write(string folder, IEnumerable<StoredEntity> entities, long epoch = 7, string definitionHash = "0123456789abcdef")
    {
        using var writer = new BaseFileWriter(folder, 3, epoch, definitionHash);
        foreach (var (customer, state) in entities) writer.Add(customer.Utf8, state.Span);
        return writer.Complete();
    }

    public static StoredEntity[] Some(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new StoredEntity(CustomerId.From($"c{i:d6}"), Enumerable.Repeat((byte)i, 400).ToArray()))];
}

public sealed class BaseFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Complete_WhenOpened_SaysWhatWasWritten()
    {
        var written = BaseFiles.Write(_folder.Path, BaseFiles.Some(1_000));
        var view = BaseFile.Open(written.Path);
        Assert.Equal(written, view.Info);
        Assert.Equal((3, 7, "0123456789abcdef", 1_000), (written.Partition, written.Epoch, written.DefinitionHash, written.Customers));
        Assert.Equal(_folder.File("base-3-e7.lbf"), written.Path);
        Assert.Equal(new FileInfo(written.Path).Length, written.Bytes);
        view.Verify();
        view.Retire();
    }

    [Fact]
    public void Complete_WhenContentIsTheSame_HashIsTheSame()
    {
        var one = BaseFiles.Write(_folder.File("one"), BaseFiles.Some(500));
        var two = BaseFiles.Write(_folder.File("two"), BaseFiles.Some(500));
        Assert.Equal(one.Sha256, two.Sha256);
        Assert.NotEqual(one.Sha256, BaseFiles.Write(_folder.File("three"), BaseFiles.Some(501)).Sha256);
    }

    [Fact]
    public void Dispose_WhenNotCompleted_LeavesNothing()
    {
        using (var writer = new BaseFileWriter(_folder.Path, 1, 1, "h")) writer.Add("a"u8, "1"u8);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Complete_WhenOneStandsAndIsRead_ReplacesItAndTheReaderGoesOn()
    {
        var old = BaseFile.Open(BaseFiles.Write(_folder.Path, BaseFiles.Some(10)).Path);
        BaseFiles.Write(_folder.Path, BaseFiles.Some(20));
        Assert.Equal(10, old.Scan().Count());
        Assert.Equal(20, BaseFile.Open(_folder.File("base-3-e7.lbf")).Customers);
        old.Retire();
    }

    [Theory]
    [InlineData("b", "a")]
    [InlineData("b", "b")]
    [InlineData("b", "")]
    public void Add_WhenNotAscending_Throws(string first, string second)
    {
        using var writer = new BaseFileWriter(_folder.Path, 1, 1, "h");
        writer.Add(CustomerId.From(first).Utf8, default);
        Assert.Throws<ArgumentException>(() => writer.Add(CustomerId.From(second).Utf8, default));
        Assert.Throws<ArgumentException>(() => writer.Add(new byte[CustomerId.MaxBytes + 1], default));
    }

    [Fact]
    public void TryFind_WhenCalled_AllocatesNothing()
    {
        var view = BaseFile.Open(BaseFiles.Write(_folder.Path, BaseFiles.Some(5_000)).Path);
        var id = CustomerId.From("c004321");
        for (var i = 0; i < 100; i++) Assert.True(view.TryFind(id.Utf8, out _));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) view.TryFind(id.Utf8, out _);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        view.Retire();
    }

    [Fact]
    public void Scan_WhenRetiredMeanwhile_GoesOnToTheEnd()
    {
        var view = BaseFile.Open(BaseFiles.Write(_folder.Path, BaseFiles.Some(1_000)).Path);
        var seen = 0;
        foreach (var _ in view.Scan())
            if (seen++ == 10) view.Retire();
        Assert.Equal(1_000, seen);
        Assert.Throws<ObjectDisposedException>(() => view.Scan().Count());
        Assert.Throws<ObjectDisposedException>(() => view.TryFind("c000001"u8, out _));
    }

    [Fact]
    public void Open_WhenAnyByteIsFlipped_IsFoundAtOpenOrAtTheBlock()
    {
        var entities = BaseFiles.Some(100);
        var path = BaseFiles.Write(_folder.Path, entities).Path;
        var good = File.ReadAllBytes(path);
        var random = new Random(5);
        // Every byte of header, index and footer matters; of the blocks a sample.
        var indexAt = (int)BitConverter.ToInt64(good, good.Length - BaseFormatFooterBytes);
        var places = Enumerable.Range(0, good.Length).Where(i => i is < 26 or (>= 500 and < 512) || i >= indexAt || random.Next(100) == 0);
        foreach (var place in places)
        {
            var bad = good.ToArray();
            bad[place] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path + "x", bad);
            var fault = Assert.Throws<BaseCorruptException>(() =>
            {
                var view = BaseFile.Open(path + "x");
                try
                {
                    foreach (var (customer, _) in entities) Assert.True(view.TryFind(customer.Utf8, out var _));
                    Assert.Fail($"byte {place} of {good.Length} was flipped and nobody saw it");
                }
                finally
                {
                    view.Retire();
                }
            });
            Assert.Contains(path + "x", fault.Message);
        }
    }

    [Fact]
    public void Open_WhenCutShort_Throws()
    {
        var path = BaseFiles.Write(_folder.Path, BaseFiles.Some(50)).Path;
        var good = File.ReadAllBytes(path);
        foreach (var length in (int[])[0, 1, 511, 512, 640, good.Length / 2, good.Length - 1])
        {
            File.WriteAllBytes(path, good[..length]);
            Assert.Contains("streamed anew", Assert.Throws<BaseCorruptException>(() => BaseFile.Open(path)).Message);
        }
    }

    private const int BaseFormatFooterBytes = 128;
}
