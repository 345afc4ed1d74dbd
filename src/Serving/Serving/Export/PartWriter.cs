using System.Security.Cryptography;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Export;

/// <summary>Copies a part to its file and counts on the way what the manifest tells of it.</summary>
internal static class PartWriter
{
    /// <returns>Rows, bytes and hash of what was copied.</returns>
    public static async Task<ExportPart> CopyAsync(string name, ExportFormat format, Stream from, Stream to, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        IRowCounter rows = format switch
        {
            ExportFormat.Ndjson => new LineCounter(),
            ExportFormat.Csv => new CsvCounter(),
            _ => new ParquetCounter(),
        };
        var buffer = new byte[BufferBytes];
        long bytes = 0;
        for (int read; (read = await from.ReadAsync(buffer, cancel)) > 0; bytes += read)
        {
            hash.AppendData(buffer, 0, read);
            rows.See(buffer.AsSpan(0, read));
            await to.WriteAsync(buffer.AsMemory(0, read), cancel);
        }
        return new ExportPart(name, rows.Rows, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private const int BufferBytes = 128 << 10;
}

/// <summary>Counts the rows of a file that passes by.</summary>
internal interface IRowCounter
{
    void See(ReadOnlySpan<byte> bytes);

    long Rows { get; }
}

/// <summary>A line is a row: JSON escapes line breaks.</summary>
internal sealed class LineCounter : IRowCounter
{
    public long Rows { get; private set; }

    public void See(ReadOnlySpan<byte> bytes) => Rows += bytes.Count((byte)'\n');
}

/// <summary>A line break within quotes belongs to a value; the first line is the header.</summary>
internal sealed class CsvCounter : IRowCounter
{
    private long _lines;
    private bool _quoted;

    public long Rows => Math.Max(0, _lines - 1);

    public void See(ReadOnlySpan<byte> bytes)
    {
        while (bytes.IndexOfAny((byte)'"', (byte)'\n') is >= 0 and var at)
        {
            if (bytes[at] == '"') _quoted = !_quoted; // a doubled quote turns it twice
            else if (!_quoted) _lines++;
            bytes = bytes[(at + 1)..];
        }
    }
}
