using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Lambda.SpeedLayer.Import;

/// <summary>The file to import: unfolded when it is gzip (told by its first bytes, not its name).</summary>
public sealed class SourceFile
{
    private const int BufferBytes = 1 << 16;
    private const int HashDigits = 16;

    private SourceFile(string path, string hash, long bytes) => (Path, Hash, Bytes) = (path, hash, bytes);

    public string Path { get; }
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>First 16 hex digits of the SHA-256 of the unfolded content: the same rows have the same hash, packed or not.</summary>
    public string Hash { get; }

    /// <summary>Size on disk.</summary>
    public long Bytes { get; }

    /// <exception cref="IOException">It cannot be read, or only once: its hash is taken before its rows are.</exception>
    public static SourceFile Of(string path)
    {
        using var file = File.OpenRead(path);
        if (!file.CanSeek) throw new IOException("it is a pipe or a device, and is read more than once; write it to a file first");
        using var content = Unfold(file);
        var hash = Convert.ToHexStringLower(SHA256.HashData(content))[..HashDigits];
        return new SourceFile(path, hash, new FileInfo(path).Length);
    }

    /// <param name="packed">The stream on disk: its position tells the progress.</param>
    public TextReader Open(string encoding, out Stream packed)
    {
        packed = File.OpenRead(Path);
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        return new StreamReader(Unfold(packed), Encoding.GetEncoding(encoding), detectEncodingFromByteOrderMarks: true, BufferBytes);
    }

    private static Stream Unfold(Stream file)
    {
        var isGzip = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        return isGzip ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}
