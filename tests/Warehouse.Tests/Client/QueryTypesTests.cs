using System.Net;
using System.Text;
using Lambda.TestKit;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Native;
using Lambda.Warehouse.Tests.Local;
using Xunit;

namespace Lambda.Warehouse.Tests.Client;

/// <summary>The client against ClickHouse itself.</summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class QueryTypesTests(LocalWarehouseFixture local)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [SkippableFact]
    public async Task Query_WhenTypesAreExtreme_ReadsThemExactly()
    {
        using var client = await OpenAsync();
        const string sql = """
            SELECT toInt128('-170141183460469231731687303715884105728'), toUInt128('340282366920938463463374607431768211455'), toFixedString('abc', 4),
                ['x', '', 'ü'], map('k', toInt64(-1)), tuple(toUInt16(65535), true), CAST(NULL, 'Nullable(Int32)'), CAST(7, 'Nullable(Int32)'),
                CAST('low', 'LowCardinality(String)'), toInt64('-9223372036854775808'), toUInt64('18446744073709551615'), 0.1, toDecimal128('1.5', 6)
            """;
        var rows = await client.ListAsync(sql, (ref RowBinaryReader row) =>
        {
            var numbers = (row.Int128(), row.UInt128());
            var text = Encoding.UTF8.GetString(row.FixedString(4));
            var array = new string[row.Count()];
            for (var i = 0; i < array.Length; i++) array[i] = row.Text();
            var pairs = row.Count();
            var map = (row.Text(), row.Int64());
            var tuple = (row.UInt16(), row.Bool());
            var isNull = row.IsNull();
            var nullable = row.IsNull() ? -1 : row.Int32();
            return (numbers, text, string.Join('|', array), pairs, map, tuple, isNull, nullable, row.Text(), (row.Int64(), row.UInt64(), row.Float64(), row.Int128()));
        });
        Assert.Equal(((Int128.MinValue, UInt128.MaxValue), "abc\0", "x||ü", 1, ("k", -1L), ((ushort)65535, true), true, 7, "low",
            (long.MinValue, ulong.MaxValue, 0.1, (Int128)1_500_000)), Assert.Single(rows));
    }

    [SkippableFact]
    public async Task Parameters_WhenTextIsNasty_ComeBackAsTheyWere()
    {
        using var client = await OpenAsync();
        var every = string.Concat(Enumerable.Range(0, 128).Select(i => (char)i)) + "ü€😀\\N \\n {x:String} %26&#";
        string[] list = [every, "", "'", "\\", "a,b", "]"];
        var rows = await client.ListAsync("SELECT {text:String}, {list:Array(String)}, {none:Nullable(String)} IS NULL, {big:Int128}, {numbers:Array(Int64)}, {u:UInt64}",
            (ref RowBinaryReader row) =>
            {
                var text = row.Text();
                var texts = new string[row.Count()];
                for (var i = 0; i < texts.Length; i++) texts[i] = row.Text();
                var isNull = row.Bool();
                var big = row.Int128();
                var numbers = new long[row.Count()];
                for (var i = 0; i < numbers.Length; i++) numbers[i] = row.Int64();
                return (text, texts, isNull, big, numbers, row.UInt64());
            },
            new QueryParameters { { "text", every }, { "list", list }, { "none", (string?)null }, { "big", Int128.MinValue }, { "numbers", new[] { long.MinValue, 0, long.MaxValue } }, { "u", ulong.MaxValue } });
        var (gotText, gotList, gotNull, gotBig, gotNumbers, gotU) = Assert.Single(rows);
        Assert.Equal(every, gotText);
        Assert.Equal(list, gotList);
        Assert.Equal((true, Int128.MinValue, ulong.MaxValue), (gotNull, gotBig, gotU));
        Assert.Equal([long.MinValue, 0, long.MaxValue], gotNumbers);
    }

    [SkippableFact]
    public async Task Execute_WhenTableIsUnknown_SaysSo()
    {
        using var client = await OpenAsync();
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => client.ExecuteAsync("SELECT * FROM nowhere", repeat: Repeat.Safe));
        Assert.Equal((60, "UNKNOWN_TABLE", HttpStatusCode.NotFound, Fault.Bug), (error.Code, error.Name, error.Status, error.Fault));
    }

    [SkippableFact]
    public async Task Query_WhenItFailsAfterManyRows_RaisesAtItsEnd()
    {
        using var client = await OpenAsync();
        long rows = 0;
        var error = await Assert.ThrowsAsync<ClickHouseException>(async () =>
        {
            await foreach (var _ in client.QueryAsync("SELECT number, throwIf(number = 3000000) FROM numbers(4000000) SETTINGS max_threads = 1",
                (ref RowBinaryReader row) => (row.UInt64(), row.UInt8()))) rows++;
        });
        Assert.Equal(395, error.Code);
        Assert.InRange(rows, 100_000, 3_000_000);
    }

    [SkippableFact]
    public async Task Query_WhenReaderStopsEarly_LeavesTheClientUsable()
    {
        using var client = await OpenAsync();
        for (var round = 0; round < 5; round++)
        {
            await foreach (var row in client.QueryAsync("SELECT number FROM numbers(100000000)", (ref RowBinaryReader row) => row.UInt64()))
                if (row == 1000) break;
        }
        Assert.Single(await client.ListAsync("SELECT 1", (ref RowBinaryReader row) => row.UInt8()));
    }

    [SkippableFact]
    public async Task Insert_WhenColumnsAreSparse_DefaultsAndValuesAreThere()
    {
        using var client = await OpenAsync();
        await client.ExecuteAsync("CREATE TABLE t (n Int64, i Int128, s LowCardinality(String), o Nullable(Int32), m Map(LowCardinality(String), Int64), a Array(String), never String) ENGINE = MergeTree ORDER BY n");
        var (n, i, s, o) = (new NumberColumn("n", "Int64", 8), new NumberColumn("i", "Int128", 16), new TextColumn("s"), new NumberColumn("o", "Int32", 4, nullable: true));
        var (keys, values, items) = (new TextColumn("k"), new NumberColumn("v", "Int64", 8), new TextColumn("e"));
        var (m, a) = (new NestedColumn("m", "Map(String, Int64)", keys, values), new NestedColumn("a", "Array(String)", items));
        using var block = new NativeBlock([n, i, s, o, m, a, new TextColumn("never")]);
        for (var round = 0; round < 2; round++) // a block is used again
        {
            block.Clear();
            for (var row = 0; row < 5; row++) n.Set(row, row);
            i.Set(1, Int128.MinValue);
            s.Set(3, new byte[300].Select(_ => (byte)'x').ToArray());
            o.Set(2, -5);
            keys.Set(m.Elements, "a"u8);
            values.Set(m.Elements, 7L);
            m.Next();
            m.End(1);
            items.Set(a.Elements, "z"u8);
            a.Next();
            a.Next(); // an element left at its default
            a.End(3);
            block.Rows = 5;
            await block.InsertAsync(client, "t", Repeat.Never, null, None);
        }
        var rows = await client.ListAsync("SELECT n, toString(i), length(s), o, toString(m), toString(a), never, count() FROM t GROUP BY ALL ORDER BY n",
            (ref RowBinaryReader row) => $"{row.Int64()} {row.Text()} {row.UInt64()} {(row.IsNull() ? "null" : row.Int32().ToString())} {row.Text()} {row.Text()} [{row.Text()}] x{row.UInt64()}");
        Assert.Equal([
            "0 0 0 null {} [] [] x2", "1 -170141183460469231731687303715884105728 0 null {'a':7} [] [] x2", "2 0 0 -5 {} [] [] x2",
            "3 0 300 null {} ['z',''] [] x2", "4 0 0 null {} [] [] x2"], rows);
    }

    [SkippableFact]
    public async Task Insert_WhenDataIsMalformed_IsRefusedAsData()
    {
        using var client = await OpenAsync();
        await client.ExecuteAsync("CREATE TABLE t (n Int64) ENGINE = MergeTree ORDER BY n");
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => client.InsertAsync(
            "INSERT INTO t FORMAT Native", (to, cancel) => to.WriteAsync(new byte[] { 1, 2, 1, (byte)'n', 5, 73, 110, 116, 54, 52, 0 }, cancel), Repeat.Safe));
        Assert.Equal(Fault.DataRefused, error.Fault);
        Assert.Equal(0UL, (await client.ListAsync("SELECT count() FROM t", (ref RowBinaryReader row) => row.UInt64()))[0]);
    }

    /// <summary>ClickHouse's column files are framed as its compressed responses are.</summary>
    [SkippableFact]
    public async Task Lz4BlockReader_WhenBlocksAreClickHousesOwn_GivesTheText()
    {
        using var client = await OpenAsync();
        await client.ExecuteAsync("CREATE TABLE t (s String CODEC(LZ4)) ENGINE = MergeTree ORDER BY tuple() SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0, min_level_for_wide_part = 0, serialization_info_version = 'basic'");
        await client.ExecuteAsync("INSERT INTO t SELECT 'row ' || toString(number % 1000) FROM numbers(300000)");
        var path = (await client.ListAsync("SELECT path FROM system.parts WHERE database = currentDatabase() AND active", (ref RowBinaryReader row) => row.Text()))[0];
        using var plain = new MemoryStream();
        await using (var blocks = new Lz4BlockReader(File.OpenRead(Path.Combine(path, "s.bin")))) await blocks.CopyToAsync(plain);
        var text = Encoding.ASCII.GetString(plain.ToArray());
        Assert.StartsWith("\u0005row 0\u0005row 1", text);
        Assert.Equal(300_000, text.Count(c => c == 'w'));
    }

    private async Task<ClickHouseClient> OpenAsync()
    {
        var client = new ClickHouseClient(new ClickHouseOptions { Url = local.Url, Database = local.NewDatabase() });
        await client.ExecuteAsync($"CREATE DATABASE {client.Database} ENGINE = Atomic", database: "default");
        return client;
    }
}
