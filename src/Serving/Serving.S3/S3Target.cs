using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Lambda.Serving.Ports;

namespace Lambda.Serving.S3;

/// <summary>Objects below a prefix, each uploaded in pieces: it is there, whole, once the upload was completed, and a broken-off upload leaves nothing to be seen.</summary>
internal sealed class S3Target(IAmazonS3 client, string bucket, string prefix) : IExportTarget
{
    public string Place => $"s3://{bucket}/{prefix}";

    /// <summary>Uploads that a crash left open would be kept, and paid for, for ever.</summary>
    public Task PrepareAsync(CancellationToken cancel) => Asked(async () =>
    {
        var open = await client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket, Prefix = prefix + "/" }, cancel);
        foreach (var upload in open.MultipartUploads ?? []) await client.AbortMultipartUploadAsync(bucket, upload.Key, upload.UploadId, cancel);
    });

    public Task WriteAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancel) => Asked(async () =>
    {
        var upload = await client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = bucket, Key = $"{prefix}/{name}" }, cancel);
        try
        {
            await using var pieces = new PieceStream(client, upload);
            await write(pieces, cancel);
            await pieces.CompleteAsync(cancel);
        }
        catch
        {
            await AbortAsync(upload);
            throw;
        }
    });

    /// <summary>In a bucket with versions the older ones stay until its own rules remove them.</summary>
    public async Task<bool> DeleteAsync(string name, CancellationToken cancel)
    {
        await Asked(() => client.DeleteObjectAsync(bucket, $"{prefix}/{name}", cancel));
        return true; // S3 does not say
    }

    private async Task AbortAsync(InitiateMultipartUploadResponse upload)
    {
        try
        {
            await client.AbortMultipartUploadAsync(bucket, upload.Key, upload.UploadId, CancellationToken.None);
        }
        catch (AmazonClientException)
        {
            // The next start of the job tries again.
        }
        catch (AmazonServiceException)
        {
            // The same.
        }
    }

    /// <summary>The SDK has tried several times already; a service that is away for longer may be back when the job asks again.</summary>
    private async Task Asked(Func<Task> ask)
    {
        try
        {
            await ask();
        }
        catch (AmazonServiceException e) when ((int)e.StatusCode is 0 or 429 or >= 500)
        {
            throw new EngineUnavailableException($"{Place}: {e.Message}", RetryAfter);
        }
        catch (Exception e) when (e is AmazonClientException or AmazonServiceException)
        {
            throw new ExportRefusedException($"{Place}: {e.Message}");
        }
        catch (HttpRequestException e)
        {
            throw new EngineUnavailableException($"{Place}: {e.Message}", RetryAfter);
        }
    }

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);
}
