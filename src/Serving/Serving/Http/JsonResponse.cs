using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Http;

/// <summary>
/// Writes a JSON body with its Content-Length, from a pooled buffer: one copy into the connection's pipe, no allocation, no chunking.
/// </summary>
internal sealed class JsonResponse
{
    public const string Json = "application/json";
    public const string ProblemJson = "application/problem+json";

    [ThreadStatic] private static JsonResponse? _pooled; // taken and given back within one synchronous stretch, so a thread needs one

    private readonly ArrayBufferWriter<byte> _buffer = new(4096);
    private readonly Utf8JsonWriter _writer;

    private JsonResponse() =>
        _writer = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <param name="write">Must write one JSON value, synchronously.</param>
    public static Task WriteAsync<T>(HttpContext context, int status, string contentType, T state, Action<Utf8JsonWriter, T> write)
    {
        var response = _pooled ?? new JsonResponse();
        _pooled = null;
        try
        {
            write(response._writer, state);
            response._writer.Flush();
            var recorded = RequestScope.Of(context)?.RecordAsync(context, status) ?? Task.CompletedTask;
            if (!recorded.IsCompletedSuccessfully) return SendWhenAsync(recorded, context, status, contentType, response._buffer.WrittenSpan.ToArray());
            Send(context.Response, status, contentType, response._buffer.WrittenSpan);
            return Task.CompletedTask; // the server flushes when the request ends
        }
        finally
        {
            response.Return();
        }
    }

    public static Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write) =>
        WriteAsync(context, status, Json, write, static (to, w) => w(to));

    /// <summary>What may show personal data leaves when the record of it is durable, or not at all.</summary>
    private static async Task SendWhenAsync(Task recorded, HttpContext context, int status, string contentType, byte[] body)
    {
        await recorded;
        Send(context.Response, status, contentType, body);
    }

    private static void Send(HttpResponse response, int status, string contentType, ReadOnlySpan<byte> body)
    {
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        response.BodyWriter.Write(body); // copies: the buffer is free again when this returns
    }

    private void Return()
    {
        if (_buffer.Capacity > Limits.ResponseBufferKeptBytes) return;
        _buffer.ResetWrittenCount();
        _writer.Reset();
        _pooled = this;
    }
}
