using Amazon.Runtime;
using Amazon.S3;
using Lambda.Serving.Ports;

namespace Lambda.Serving.S3;

/// <summary>A bucket with a prefix that export jobs may write below. Credentials come from where the SDK finds them: environment, profile, the machine's role.</summary>
public sealed class S3Bucket : IDisposable
{
    private readonly AmazonS3Client _client;
    private readonly string _bucket, _prefix;

    private S3Bucket(AmazonS3Client client, string bucket, string prefix) => (_client, _bucket, _prefix) = (client, bucket, prefix);

    /// <param name="root">`s3://bucket/prefix`.</param>
    /// <param name="endpoint">Of another service than Amazon's that speaks the same, addressed by path; null for Amazon's.</param>
    public static S3Bucket Open(string root, string? endpoint)
    {
        var uri = new Uri(root);
        var config = new AmazonS3Config
        {
            // Checksums as trailers are understood by Amazon's own service only.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (endpoint is not null) (config.ServiceURL, config.ForcePathStyle, config.AuthenticationRegion) = (endpoint, true, Environment.GetEnvironmentVariable("AWS_REGION") ?? "us-east-1");
        return new S3Bucket(new AmazonS3Client(config), uri.Host, uri.AbsolutePath.Trim('/'));
    }

    /// <param name="path">Names joined by `/`, checked by the caller.</param>
    public IExportTarget Below(string path) => new S3Target(_client, _bucket, _prefix.Length == 0 ? path : $"{_prefix}/{path}");

    public void Dispose() => _client.Dispose();
}
