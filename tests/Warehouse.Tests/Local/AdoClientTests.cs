#if CLICKHOUSE_CLIENT
using System.Diagnostics;
using System.Globalization;
using ClickHouse.Client.ADO;
using ClickHouse.Client.Copy;
using ClickHouse.Client.Utility;
using Lambda.TestKit;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Native;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.Warehouse.Tests.Local;

/// <summary>
/// ClickHouse.Client, the ADO.NET client that others use, against the local warehouse: it notices no difference to a server. And what our own client costs and
/// gains against it: `LAMBDA_BENCH=1 dotnet test tests/Warehouse.Tests -c Release --filter AdoClientTests`.
/// </summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class AdoClientTests(LocalWarehouseFixture warehouse, ITestOutputHelper output)
{
    private const string Columns = "id Int64, customer String, amount Int64, kind LowCardinality(String), at Int64, note Nullable(String)";
    private static readonly string[] Names = ["id", "customer", "amount", "kind", "at", "note"];

    [SkippableFact]
    public async Task Rows_WhenBulkWritten_AreReadBackByBothClients()
    {
        const int rows = 25_000;
        await using var connection = await OpenAsync(warehouse.NewDatabase());
        await BulkCopyAsync(connection, rows, batch: 10_000);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT id, customer, amount, kind, at, note FROM t WHERE id >= {from:Int64} ORDER BY id";
        command.AddParameter("from", "Int64", 5);
        await using var reader = await command.ExecuteReaderAsync();
        long n = 5;
        for (; await reader.ReadAsync(); n++)
        {
            var row = Row(n);
            for (var c = 0; c < Names.Length; c++) Assert.Equal(row[c] ?? DBNull.Value, reader.GetValue(c));
        }
        Assert.Equal(rows, n);
        using var own = Own(connection.Database);
        Assert.Equal(Sum(rows), await ReadOwnAsync(own));
    }

    [SkippableFact]
    public async Task Errors_WhenAStatementIsWrong_NameTheCause()
    {
        await using var connection = await OpenAsync(warehouse.NewDatabase());
        var wrong = await Assert.ThrowsAsync<ClickHouse.Client.ClickHouseServerException>(() => connection.ExecuteScalarAsync("SELECT nonsense FROM t"));
        Assert.Equal(47, wrong.ErrorCode); // UNKNOWN_IDENTIFIER
    }

    [SkippableFact]
    public async Task Clients_WhenMeasured_WriteAndReadTheSame()
    {
        Skip.If(Environment.GetEnvironmentVariable("LAMBDA_BENCH") is null, "a bench: set LAMBDA_BENCH=1");
        const int rows = 1_000_000;
        await using var connection = await OpenAsync(warehouse.NewDatabase());
        using var own = Own(connection.Database);
        for (var round = 0; round < 3; round++)
        {
            await own.ExecuteAsync("TRUNCATE TABLE t");
            await MeasureAsync("insert ClickHouse.Client", rows, () => BulkCopyAsync(connection, rows, batch: 100_000));
            Assert.Equal(Sum(rows), await ReadAdoAsync(connection));
            await own.ExecuteAsync("TRUNCATE TABLE t");
            await MeasureAsync("insert own", rows, () => InsertOwnAsync(own, rows, batch: 100_000));
            await MeasureAsync("read ClickHouse.Client", rows, async () => Assert.Equal(Sum(rows), await ReadAdoAsync(connection)));
            await MeasureAsync("read own", rows, async () => Assert.Equal(Sum(rows), await ReadOwnAsync(own)));
        }
    }

    private async Task<ClickHouseConnection> OpenAsync(string database)
    {
        await using (var maker = new ClickHouseConnection(Connection("default"))) await maker.ExecuteStatementAsync($"CREATE DATABASE {database}");
        var connection = new ClickHouseConnection(Connection(database));
        await connection.OpenAsync();
        await connection.ExecuteStatementAsync($"CREATE TABLE t ({Columns}) ENGINE = MergeTree ORDER BY id");
        return connection;
    }

    private string Connection(string database) => $"Host={warehouse.Url.Host};Port={warehouse.Url.Port};Database={database};Compression=false"; // ours does not compress on loopback either

    private ClickHouseClient Own(string database) => new(new ClickHouseOptions { Url = warehouse.Url, Database = database });

    private static object?[] Row(long i) =>
        [i, Customer(i), i * 7 % 50_000, Kind(i), 1_700_000_000_000_000 + i, i % 5 == 0 ? string.Create(CultureInfo.InvariantCulture, $"note {i}") : null];

    private static string Customer(long i) => string.Create(CultureInfo.InvariantCulture, $"customer-{i % 20_000:D6}");

    private static string Kind(long i) => i % 3 == 0 ? "transaction" : "login";

    /// <summary>Of amounts, and characters of customers and notes: a client that loses something gives another.</summary>
    private static (long, long) Sum(int rows)
    {
        var (amounts, characters) = (0L, 0L);
        for (long i = 0; i < rows; i++) (amounts, characters) = (amounts + i * 7 % 50_000, characters + Customer(i).Length + (i % 5 == 0 ? 5 + (int)Math.Log10(Math.Max(i, 1)) + 1 : 0));
        return (amounts, characters);
    }

    private static async Task BulkCopyAsync(ClickHouseConnection connection, int rows, int batch)
    {
        using var copy = new ClickHouseBulkCopy(connection) { DestinationTableName = "t", ColumnNames = Names, BatchSize = batch, MaxDegreeOfParallelism = 1 };
        await copy.InitAsync();
        await copy.WriteToServerAsync(Enumerable.Range(0, rows).Select(i => Row(i)!)!);
        Assert.Equal(rows, copy.RowsWritten);
    }

    private static async Task InsertOwnAsync(ClickHouseClient client, int rows, int batch)
    {
        var (id, customer, amount) = (new NumberColumn("id", "Int64", 8), new TextColumn("customer"), new NumberColumn("amount", "Int64", 8));
        var (kind, at, note) = (new TextColumn("kind"), new NumberColumn("at", "Int64", 8), new TextColumn("note", nullable: true));
        using var block = new NativeBlock([id, customer, amount, kind, at, note]);
        for (var i = 0; i < rows; i++)
        {
            var row = block.Rows++;
            id.Set(row, i);
            customer.Set(row, System.Text.Encoding.UTF8.GetBytes(Customer(i)));
            amount.Set(row, i * 7L % 50_000);
            kind.Set(row, System.Text.Encoding.UTF8.GetBytes(Kind(i)));
            at.Set(row, 1_700_000_000_000_000 + i);
            if (i % 5 == 0) note.Set(row, System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"note {i}")));
            if (block.Rows < batch && i + 1 < rows) continue;
            await block.InsertAsync(client, "t", Repeat.Never, null, default);
            block.Clear();
        }
    }

    private static async Task<(long, long)> ReadAdoAsync(ClickHouseConnection connection)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {string.Join(',', Names)} FROM t";
        await using var reader = await command.ExecuteReaderAsync();
        var (amounts, characters) = (0L, 0L);
        while (await reader.ReadAsync())
            (amounts, characters) = (amounts + reader.GetInt64(2), characters + reader.GetString(1).Length + (reader.IsDBNull(5) ? 0 : reader.GetString(5).Length));
        return (amounts, characters);
    }

    private static async Task<(long, long)> ReadOwnAsync(ClickHouseClient client)
    {
        var (amounts, characters) = (0L, 0L);
        await foreach (var (amount, length) in client.QueryAsync($"SELECT {string.Join(',', Names)} FROM t", static (ref RowBinaryReader row) =>
        {
            row.Int64();
            var text = row.Text().Length; // as strings, too: what callers of either client work with
            var amount = row.Int64();
            _ = row.Text();
            row.Int64();
            return (amount, text + (row.IsNull() ? 0 : row.Text().Length));
        }))
            (amounts, characters) = (amounts + amount, characters + length);
        return (amounts, characters);
    }

    private async Task MeasureAsync(string what, int rows, Func<Task> work)
    {
        var (watch, cpu, allocated) = (Stopwatch.StartNew(), Process.GetCurrentProcess().TotalProcessorTime, GC.GetTotalAllocatedBytes());
        await work();
        var used = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        output.WriteLine($"{what}: {rows / watch.Elapsed.TotalSeconds:N0} rows/s, {used.TotalMicroseconds / rows:0.00} µs of our processor and {(GC.GetTotalAllocatedBytes() - allocated) / rows:N0} bytes a row");
    }
}
#endif
