using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Http;

/// <summary>Request bodies: media type and Content-Encoding checked, gzip unfolded while it streams.</summary>
internal static class RequestBody
{
    private const int UnfoldBufferBytes = 64 << 10;

    /// <exception cref="ProblemException">415 for another media type or encoding.</exception>
    public static PipeReader Open(HttpContext context, params ReadOnlySpan<string> mediaTypes)
    {
        CheckMediaType(context.Request.ContentType, mediaTypes);
        var encoding = context.Request.Headers.ContentEncoding.ToString();
        if (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)) return context.Request.BodyReader;
        if (encoding.Equals("gzip", StringComparison.OrdinalIgnoreCase) || encoding.Equals("x-gzip", StringComparison.OrdinalIgnoreCase))
            return PipeReader.Create(new Unfolding(context.Request.Body), new StreamPipeReaderOptions(bufferSize: UnfoldBufferBytes));
        throw new ProblemException(new Problem(StatusCodes.Status415UnsupportedMediaType, "content-encoding", $"Content-Encoding: found `{encoding}`, expected gzip or none"));
    }

    /// <summary>A small text body, UTF-8, without card numbers.</summary>
    /// <exception cref="ProblemException">400: it holds one.</exception>
    public static async Task<string> ReadTextAsync(HttpContext context, int bytesMax, params string[] mediaTypes)
    {
        var text = await ReadWithCardsAsync(context, bytesMax, mediaTypes);
        CardGuard.Check(text);
        return text;
    }

    /// <summary>For bodies whose card numbers become tokens or are masked before anything is kept or repeated.</summary>
    public static async Task<string> ReadWithCardsAsync(HttpContext context, int bytesMax, params string[] mediaTypes)
    {
        var body = Open(context, mediaTypes);
        while (true)
        {
            var read = await body.ReadAsync(context.RequestAborted);
            var whole = read.IsCompleted || read.Buffer.Length > bytesMax;
            try
            {
                if (read.Buffer.Length > bytesMax)
                    throw new ProblemException(new Problem(StatusCodes.Status413PayloadTooLarge, "too-large", string.Create(CultureInfo.InvariantCulture, $"the body is larger than {bytesMax} bytes")));
                if (whole) return Decode(read.Buffer);
            }
            finally
            {
                // What was read must be given back, at the end too: else the server cannot use the connection again and drops it under the client's next request.
                body.AdvanceTo(whole ? read.Buffer.End : read.Buffer.Start, read.Buffer.End);
            }
        }
    }

    private static string Decode(System.Buffers.ReadOnlySequence<byte> bytes)
    {
        try
        {
            return System.Text.EncodingExtensions.GetString(new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true), bytes);
        }
        catch (System.Text.DecoderFallbackException)
        {
            throw new ProblemException(new Problem(StatusCodes.Status400BadRequest, "not-utf8", "the body is not UTF-8"));
        }
    }

    /// <summary>No Content-Type is taken as one that fits.</summary>
    private static void CheckMediaType(string? contentType, ReadOnlySpan<string> expected)
    {
        if (string.IsNullOrEmpty(contentType)) return;
        var semicolon = contentType.IndexOf(';');
        var type = (semicolon < 0 ? contentType.AsSpan() : contentType.AsSpan(0, semicolon)).Trim();
        foreach (var candidate in expected)
            if (type.Equals(candidate, StringComparison.OrdinalIgnoreCase)) return;
        throw new ProblemException(new Problem(
            StatusCodes.Status415UnsupportedMediaType, "media-type", $"Content-Type: found `{contentType}`, expected one of {string.Join(", ", expected!)}"));
    }

    /// <summary>gunzip whose complaint about the bytes is the client's fault, not ours.</summary>
    private sealed class Unfolding(Stream folded) : Stream
    {
        private readonly GZipStream _inner = new(folded, CompressionMode.Decompress);

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel = default)
        {
            try
            {
                return await _inner.ReadAsync(buffer, cancel);
            }
            catch (InvalidDataException e)
            {
                throw new ProblemException(new Problem(StatusCodes.Status400BadRequest, "bad-gzip", $"the body is not gzip: {e.Message}"));
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) _inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
