using System.Security.Cryptography;
using Lambda.Serving.Ports;
using Lambda.Serving.S3;
using Xunit;

namespace Lambda.SystemTests.Export;

public sealed class S3TargetTests : IAsyncLifetime
{
    private FakeS3 _s3 = null!;
    private S3Bucket _bucket = null!;

    public async Task InitializeAsync()
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "test");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "test");
        _s3 = await FakeS3.StartAsync();
        _bucket = S3Bucket.Open("s3://exports/lambda", _s3.Url);
    }

    public async Task DisposeAsync()
    {
        _bucket.Dispose();
        await _s3.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8 << 20)]
    [InlineData((17 << 20) + 3)]
    public async Task Write_WhenItIsWhole_IsAnObjectOfTheSameBytes(int length)
    {
        var bytes = RandomNumberGenerator.GetBytes(length);
        await _bucket.Below("a/export-1").WriteAsync("part-00001.ndjson", async (to, c) =>
        {
            for (var at = 0; at < bytes.Length; at += 100_000) await to.WriteAsync(bytes.AsMemory(at, Math.Min(100_000, bytes.Length - at)), c);
        }, default);
        Assert.Equal(["exports/lambda/a/export-1/part-00001.ndjson"], _s3.Objects.Keys);
        Assert.True(bytes.AsSpan().SequenceEqual(_s3.Objects.Values.Single()));
        Assert.Empty(_s3.Uploads);
    }

    [Fact]
    public async Task Write_WhenItBreaksOff_LeavesNothing()
    {
        await Assert.ThrowsAsync<IOException>(() => _bucket.Below("x").WriteAsync("part", async (to, c) =>
        {
            await to.WriteAsync(new byte[9 << 20], c);
            throw new IOException("the warehouse went away");
        }, default));
        Assert.Empty(_s3.Objects);
        Assert.Empty(_s3.Uploads);
    }

    [Fact]
    public async Task Prepare_WhenACrashLeftAnUploadOpen_EndsItAndNoOther()
    {
        _s3.Uploads["mine"] = ("exports/lambda/job/part-00002", []);
        _s3.Uploads["other"] = ("exports/lambda/job2/part-00002", []);
        await _bucket.Below("job").PrepareAsync(default);
        Assert.Equal(["other"], _s3.Uploads.Keys);
    }

    [Fact]
    public async Task Prepare_WhenTheServiceRefuses_SaysWhy()
    {
        _s3.Broken = 403;
        await Assert.ThrowsAsync<ExportRefusedException>(() => _bucket.Below("job").PrepareAsync(default));
    }
}
