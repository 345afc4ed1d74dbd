using System.Net;
using Lambda.Warehouse.Client;
using Xunit;

namespace Lambda.Warehouse.Tests.Client;

public sealed class RowStreamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public async Task Rows_WhenBytesComeInPieces_AreTheSame(int piece)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < 300; i++)
        {
            bytes.AddRange(BitConverter.GetBytes((long)i));
            bytes.Add((byte)(i % 100));
            bytes.AddRange(Enumerable.Repeat((byte)i, i % 100));
        }
        var rows = await RowsAsync(new Dribble([.. bytes], piece), "");
        Assert.Equal(Enumerable.Range(0, 300).Select(i => ((long)i, i % 100)), rows);
    }

    [Fact]
    public async Task Rows_WhenARowIsLargerThanTheBuffer_GrowIt()
    {
        byte[] text = [0xc0, 0x84, 0x3d, .. new byte[1_000_000]]; // varint 1,000,000
        var rows = await RowsAsync(new MemoryStream([.. BitConverter.GetBytes(7L), .. text, .. BitConverter.GetBytes(8L), 0]), "");
        Assert.Equal([(7L, 1_000_000), (8L, 0)], rows);
    }

    /// <summary>Rows of one byte: the first bytes of an exception block could be rows too.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    public async Task Rows_WhenExceptionBlockComesInPieces_AreCutBeforeIt(int piece)
    {
        byte[] bytes = [7, 8, .. "\r\n__exception__\r\nfedcbafedcbafedc\r\nCode: 159. DB::Exception: slow. (TIMEOUT_EXCEEDED)\n"u8];
        var rows = new List<byte>();
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => ReadAsync(new Dribble(bytes, piece), "fedcbafedcbafedc", (ref RowBinaryReader row) => row.UInt8(), rows));
        Assert.Equal([7, 8], rows);
        Assert.Equal((159, Fault.Transient), (error.Code, error.Fault));
    }

    private static async Task<List<(long, int)>> RowsAsync(Stream body, string tag)
    {
        var rows = new List<(long, int)>();
        await ReadAsync(body, tag, (ref RowBinaryReader row) => (row.Int64(), row.Bytes().Length), rows);
        return rows;
    }

    private static async Task ReadAsync<T>(Stream body, string tag, RowParser<T> parse, List<T> rows)
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = new HttpRequestMessage(HttpMethod.Post, "http://x/") };
        if (tag.Length > 0) response.Headers.Add("X-ClickHouse-Exception-Tag", tag);
        using var stream = new RowStream(response, body, "SELECT", "id");
        while (await stream.FillAsync(default))
            while (stream.TryParse(parse, out var parsed)) rows.Add(parsed!);
    }

    /// <summary>Gives at most so many bytes at a time.</summary>
    private sealed class Dribble(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel = default) => base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancel);
    }
}
