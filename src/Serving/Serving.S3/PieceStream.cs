using Amazon.S3;
using Amazon.S3.Model;

namespace Lambda.Serving.S3;

/// <summary>Collects what is written into pieces and uploads each as it is full. S3 takes 10,000 pieces of at least 5 MiB, the last excepted.</summary>
internal sealed class PieceStream(IAmazonS3 client, InitiateMultipartUploadResponse upload) : Stream
{
    private readonly byte[] _piece = new byte[PieceBytes];
    private readonly List<PartETag> _uploaded = [];
    private int _filled;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancel = default)
    {
        while (!buffer.IsEmpty)
        {
            var taken = Math.Min(buffer.Length, _piece.Length - _filled);
            buffer[..taken].CopyTo(_piece.AsMemory(_filled));
            _filled += taken;
            buffer = buffer[taken..];
            if (_filled == _piece.Length) await UploadAsync(cancel);
        }
    }

    /// <summary>The object is there when this returns.</summary>
    public async Task CompleteAsync(CancellationToken cancel)
    {
        if (_filled > 0 || _uploaded.Count == 0) await UploadAsync(cancel);
        await client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest { BucketName = upload.BucketName, Key = upload.Key, UploadId = upload.UploadId, PartETags = _uploaded }, cancel);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("this stream is written asynchronously");

    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task UploadAsync(CancellationToken cancel)
    {
        var number = _uploaded.Count + 1;
        using var body = new MemoryStream(_piece, 0, _filled, writable: false);
        var part = await client.UploadPartAsync(
            new UploadPartRequest { BucketName = upload.BucketName, Key = upload.Key, UploadId = upload.UploadId, PartNumber = number, PartSize = _filled, InputStream = body, UseChunkEncoding = false }, cancel);
        _uploaded.Add(new PartETag(number, part.ETag));
        _filled = 0;
    }

    private const int PieceBytes = 8 << 20;
}
