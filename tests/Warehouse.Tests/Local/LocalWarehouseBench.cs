using System.Diagnostics;
using System.Text;
using Lambda.TestKit;
using Lambda.Warehouse.Local;
using Lambda.Warehouse.Local.Engine;
using Lambda.Warehouse.LocalServer;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.Warehouse.Tests.Local;

/// <summary>
/// What HTTP and the second process cost: each figure beside the same work done by a direct call of the library in this process.
/// Runs only with LAMBDA_BENCH=1.
/// </summary>
public sealed class LocalWarehouseBench(ITestOutputHelper output) : IDisposable
{
    private const int Columns = 20, BatchRows = 100_000, Batches = 15, Reads = 1000;
    private const long StreamRows = 10_000_000;
    private const string Stream = "SELECT number, number * 3 AS b, toDateTime64(number, 3) AS c FROM numbers(10000000) FORMAT RowBinary";
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"lambda-bench-{Guid.NewGuid():N}");

    private int _child;

    public void Dispose()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    [SkippableFact]
    public async Task HttpAgainstDirectCalls()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        Skip.If(Environment.GetEnvironmentVariable("LAMBDA_BENCH") != "1", "set LAMBDA_BENCH=1 to run it");
        await using var engine = await ChdbEngine.StartAsync(new LocalOptions { DataPath = _folder + "/direct", Library = LocalWarehouse.LibraryPath! });
        await using var process = await LocalWarehouseProcess.StartAsync(LocalWarehouse.Options(_folder + "/http"));
        _child = process.ProcessId!.Value;
        using var client = new RawClient(process.Url);
        Task<T> Direct<T>(Func<Connection, T> work) => engine.Pool.RunAsync(Profile.Plain, s => work(s.Connection), default);

        for (var round = 0; round < 2; round++) // the first one warms up
        {
            await CompareAsync("SELECT 1, p50, µs", () => MedianAsync(() => Direct(static c => c.Scalar("SELECT 1"))),
                () => MedianAsync(() => client.RunAsync("SELECT 1")));
            var batch = await Direct(static c => Batch(c));
            var create = $"CREATE TABLE t{round} ({string.Join(", ", Enumerable.Range(0, Columns).Select(Column))}) ENGINE = MergeTree ORDER BY c0";
            var insert = $"INSERT INTO t{round}";
            await Direct(c => c.Scalar(create));
            await client.RunAsync(create);
            await CompareAsync($"insert of {BatchRows} rows x {Columns} columns, Native, rows/s", () => RateAsync(() => Direct(c => Insert(c, insert, batch))),
                () => RateAsync(async () => Assert.Equal("", (await client.InsertAsync(insert + " FORMAT Native", batch)).Text)));
            Assert.Equal($"{BatchRows * Batches}\n", await client.RunAsync($"SELECT count() FROM t{round}"));
            var before = MemoryMb(process);
            await CompareAsync($"stream of {StreamRows} rows x 3 columns, rows/s", async () => StreamRows / await Direct(ReadDirect), () => ReadHttpAsync(client));
            output.WriteLine($"child's memory: {before} MB before the stream, {MemoryMb(process)} MB after");
        }
    }

    private static string Column(int i) => $"c{i} {(i % 4) switch { 0 => "UInt64", 1 => "String", 2 => "Int64", _ => "DateTime64(3)" }}";

    private static byte[] Batch(Connection connection)
    {
        var columns = Enumerable.Range(0, Columns).Select(i => (i % 4) switch
        {
            0 => $"toUInt64(sipHash64(number, {i})) AS c{i}",
            1 => $"concat('merchant-', toString(number % 5000)) AS c{i}",
            2 => $"toInt64(number * {i}) AS c{i}",
            _ => $"toDateTime64(1700000000 + number, 3) AS c{i}",
        });
        using var result = connection.Query(Encoding.UTF8.GetBytes($"SELECT {string.Join(", ", columns)} FROM numbers({BatchRows})"), "Native", []);
        return result.Bytes.ToArray();
    }

    private static bool Insert(Connection connection, string sql, byte[] batch)
    {
        using var insert = InsertStream.Open(connection, Encoding.UTF8.GetBytes(sql), "Native", []);
        for (var at = 0; at < batch.Length; at += Limits.InsertChunkBytes)
            Assert.True(insert.Append(batch.AsSpan(at, Math.Min(Limits.InsertChunkBytes, batch.Length - at))));
        using var result = insert.Commit();
        return true;
    }

    private static double ReadDirect(Connection connection)
    {
        var clock = Stopwatch.StartNew();
        long bytes = 0;
        using var stream = ResultStream.Open(connection, Encoding.UTF8.GetBytes(Stream), "RowBinary", []);
        while (stream.Next() is { } chunk)
            using (chunk)
                bytes += chunk.Length;
        Assert.Equal(StreamRows * 24, bytes);
        return clock.Elapsed.TotalSeconds;
    }

    private static async Task<double> ReadHttpAsync(RawClient client)
    {
        var clock = Stopwatch.StartNew();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent(Stream) };
        using var response = await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 18];
        long bytes = 0;
        while (await body.ReadAsync(buffer) is > 0 and var read)
            bytes += read;
        Assert.Equal(StreamRows * 24, bytes);
        return StreamRows / clock.Elapsed.TotalSeconds;
    }

    private static async Task<double> MedianAsync(Func<Task> work)
    {
        var times = new double[Reads];
        for (var i = 0; i < Reads; i++)
        {
            var clock = Stopwatch.StartNew();
            await work();
            times[i] = clock.Elapsed.TotalMicroseconds;
        }
        Array.Sort(times);
        return times[Reads / 2];
    }

    private static async Task<double> RateAsync(Func<Task> work)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < Batches; i++)
            await work();
        return BatchRows * Batches / clock.Elapsed.TotalSeconds;
    }

    /// <summary>The processor time of both processes is told too: it means something on a busy machine, where the clock does not.</summary>
    private async Task CompareAsync(string name, Func<Task<double>> direct, Func<Task<double>> http)
    {
        var start = ProcessorSeconds();
        var limit = await direct();
        var middle = ProcessorSeconds();
        var value = await http();
        var end = ProcessorSeconds();
        output.WriteLine($"{name}: http {value:N0}, direct {limit:N0}, ratio {value / limit:0.00};"
            + $" processor time http {end - middle:0.00} s, direct {middle - start:0.00} s");
    }

    private double ProcessorSeconds()
    {
        using var child = Process.GetProcessById(_child);
        using var own = Process.GetCurrentProcess();
        return (child.TotalProcessorTime + own.TotalProcessorTime).TotalSeconds;
    }

    private static long MemoryMb(LocalWarehouseProcess process)
    {
        var line = File.ReadLines($"/proc/{process.ProcessId}/status").First(static l => l.StartsWith("VmRSS", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) / 1024;
    }
}
