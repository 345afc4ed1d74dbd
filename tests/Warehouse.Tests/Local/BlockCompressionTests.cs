using System.Net;
using System.Text;
using Lambda.TestKit;
using Lambda.Warehouse.Local.Compression;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

/// <summary>ClickHouse's own compressed blocks, compress=1 and decompress=1. The oracle is the engine: its column files hold such blocks.</summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class BlockCompressionTests(LocalWarehouseFixture warehouse)
{
    [SkippableFact]
    public async Task Blocks_TheEngineHasWritten_AreReadWithTheirChecksums()
    {
        using var client = new RawClient(warehouse.Url);
        var database = warehouse.NewDatabase();
        await client.RunAsync($"CREATE DATABASE {database} ENGINE = Atomic");
        // Every length of a column file's block from 2 bytes up, so that each branch of the checksum is taken.
        for (var rows = 1; rows < 400; rows += rows < 40 ? 1 : 37)
        {
            var table = $"{database}.t{rows}";
            await client.RunAsync($"CREATE TABLE {table} (a UInt8 CODEC(LZ4), b String CODEC(LZ4)) ENGINE = MergeTree ORDER BY tuple() SETTINGS min_bytes_for_wide_part = 0");
            await client.RunAsync($"INSERT INTO {table} SELECT rand() % 256, toString(number) FROM numbers({rows})");
            var part = (await client.RunAsync($"SELECT path FROM system.parts WHERE database = '{database}' AND table = 't{rows}' AND active FORMAT TSVRaw")).Trim();
            using var stream = new BlockReadStream(File.OpenRead(Path.Combine(part, "a.bin")));
            var column = new byte[rows + 10];
            Assert.Equal(rows, stream.ReadAtLeast(column, rows));
            Assert.Equal(0, stream.Read(column));
            Assert.Equal(string.Join(",", column.Take(rows)), (await client.RunAsync($"SELECT arrayStringConcat(groupArray(toString(a)), ',') FROM {table}")).Trim());
        }
    }

    [SkippableFact]
    public async Task Answer_WithCompress_IsBlocks()
    {
        using var client = new RawClient(warehouse.Url);
        foreach (var rows in new[] { 0, 1, 1000, 2_000_000 })
        {
            using var answer = await client.Http.PostAsync("/?compress=1", new StringContent($"SELECT number FROM numbers({rows})"));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            using var stream = new BlockReadStream(await answer.Content.ReadAsStreamAsync());
            using var reader = new StreamReader(stream);
            Assert.Equal(await client.RunAsync($"SELECT number FROM numbers({rows})"), await reader.ReadToEndAsync());
        }
        Assert.Equal(60, (await client.PostAsync("SELECT * FROM nosuch", "compress=1")).Code);
    }

    [SkippableFact]
    public async Task Insert_WithDecompress_IsReadAndADamagedOneRefused()
    {
        using var client = new RawClient(warehouse.Url);
        var database = warehouse.NewDatabase();
        await client.RunAsync($"CREATE DATABASE {database} ENGINE = Atomic");
        await client.RunAsync($"CREATE TABLE {database}.t (a UInt32) ENGINE = MergeTree ORDER BY a");
        var sql = $"INSERT INTO {database}.t FORMAT TSV";
        var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 300_000).Select(static i => $"{i}\n")));
        byte[] blocks = [.. text.Chunk(100_000).SelectMany(static c => BlockFormat.Pack(c))];
        Assert.Equal("", (await client.InsertAsync(sql, blocks, "decompress=1")).Text);
        Assert.Equal("300000\t44999850000\n", await client.RunAsync($"SELECT count(), sum(a) FROM {database}.t"));

        Assert.Equal(271, (await client.InsertAsync(sql, blocks[..^5], "decompress=1")).Code);
        blocks[^5] ^= 1;
        Assert.Equal(40, (await client.InsertAsync(sql, blocks, "decompress=1")).Code);
        Assert.NotEqual(0, (await client.InsertAsync(sql, text, "decompress=1")).Code);
        Assert.Equal("300000\n", await client.RunAsync($"SELECT count() FROM {database}.t"));
    }
}
