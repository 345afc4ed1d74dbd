using Lambda.Cluster.Options;
using Lambda.Serving.Ports;
using Lambda.Serving.S3;

namespace Lambda.Cluster.Export;

/// <summary>The roots that this installation's options name: a folder of this node, and a bucket.</summary>
internal sealed class ExportTargets(LambdaOptions options) : IExportTargets, IDisposable
{
    private readonly Lazy<S3Bucket?> _bucket = new(() => options.ExportS3 is { } root ? S3Bucket.Open(root, options.ExportS3Endpoint) : null);

    public IExportTarget Open(string kind, string path)
    {
        if (path.Split('/').FirstOrDefault(name => !ExportPath.IsName(name)) is { } bad)
            throw new ExportRefusedException($"path `{path}`: `{bad}` is no name; expected letters, digits, `.`, `_` and `-`, beginning with a letter or digit, joined by `/`");
        return kind switch
        {
            IExportTargets.Folder => FolderTarget.Below(options.ExportRoot ?? Path.Combine(options.Data, "exports"), path),
            "s3" => _bucket.Value?.Below(path) ?? throw new ExportRefusedException("no bucket is configured: set export_s3 to s3://bucket/prefix"),
            _ => throw new ExportRefusedException($"`{kind}` is nothing to export to"),
        };
    }

    public void Dispose()
    {
        if (_bucket.IsValueCreated) _bucket.Value?.Dispose();
    }
}
