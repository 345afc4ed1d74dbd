using System.Net;
using Lambda.TestKit;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

[Collection(LocalWarehouseCollection.Name)]
public sealed class StreamingTests(LocalWarehouseFixture warehouse)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [SkippableFact]
    public async Task LargeResult_IsNotHeldInMemory()
    {
        using var client = new RawClient(warehouse.Url);
        await ReadAsync(client, 1_000_000); // buffers and threads are there afterwards
        var before = MemoryMb();
        var bytes = await ReadAsync(client, 30_000_000);
        Assert.True(bytes > 200_000_000, $"{bytes} bytes");
        Assert.InRange(MemoryMb() - before, -10_000, 100); // the result is 260 MB
    }

    [SkippableTheory]
    [InlineData("SELECT max(sipHash64(number)) AS {0} FROM numbers(100000000000)")]
    [InlineData("SELECT max(sipHash64(number)) AS {0} FROM numbers(100000000000) FORMAT JSON")]
    [InlineData("SELECT number AS {0} FROM numbers(100000000000)")]
    [InlineData("SELECT number AS {0} FROM numbers(100000000000) WHERE sipHash64(number) = 1")]
    public async Task Reader_ThatLeaves_EndsTheStatement(string sql)
    {
        using var client = new RawClient(warehouse.Url);
        var name = $"left{Guid.NewGuid():N}";
        using var leave = new CancellationTokenSource();
        var reading = ReadUntilAsync(client, string.Format(sql, name), leave.Token);
        await UntilRunningAsync(client, name, "1\n");
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await UntilRunningAsync(client, name, "0\n");
    }

    [SkippableFact]
    public async Task SlowReader_HoldsUpItsStatementOnly()
    {
        using var client = new RawClient(warehouse.Url);
        using var request = Post("SELECT number AS slow_reader FROM numbers(50000000)");
        using var slow = await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var stream = await slow.Content.ReadAsStreamAsync();
        Assert.Equal(1, await stream.ReadAsync(new byte[1]));
        Assert.Equal("1\n", await client.RunAsync("SELECT 1"));
        Assert.Equal("1\n", await client.RunAsync("SELECT count() FROM system.processes WHERE query LIKE '%slow_reader%' AND query NOT LIKE '%processes%'"));
    }

    [SkippableFact]
    public async Task ReadersAndWriters_InParallel_SeeWholeInsertsOnly()
    {
        using var client = new RawClient(warehouse.Url);
        var table = $"{warehouse.NewDatabase()}";
        await client.RunAsync($"CREATE DATABASE {table} ENGINE = Atomic");
        await client.RunAsync($"CREATE TABLE {table}.t (writer UInt8, batch UInt32, n UInt32) ENGINE = MergeTree ORDER BY n");
        const int writers = 4, batches = 15, rows = 2_000;
        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).Select(_ => ReadAsync()).ToArray();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(WriteAsync));
        await done.CancelAsync();
        Assert.All(await Task.WhenAll(readers), static reads => Assert.True(reads > 0));
        Assert.Equal($"{writers * batches * rows}\n", await client.RunAsync($"SELECT count() FROM {table}.t"));

        async Task WriteAsync(int writer)
        {
            for (var batch = 0; batch < batches; batch++)
            {
                var data = string.Concat(Enumerable.Range(0, rows).Select(n => $"{writer},{batch},{n}\n"));
                Assert.Equal("", (await client.InsertAsync($"INSERT INTO {table}.t FORMAT CSV", System.Text.Encoding.ASCII.GetBytes(data))).Text);
            }
        }

        async Task<int> ReadAsync()
        {
            var reads = 0;
            while (!done.IsCancellationRequested)
            {
                Assert.Equal("0\n", await client.RunAsync($"SELECT count() % {rows} FROM {table}.t"));
                Assert.Equal("", await client.RunAsync($"SELECT writer, batch FROM {table}.t GROUP BY writer, batch HAVING count() != {rows}"));
                reads++;
            }
            return reads;
        }
    }

    [SkippableFact]
    public async Task ManyRequests_MoreThanConnections_AllGetTheirOwnAnswer()
    {
        using var client = new RawClient(warehouse.Url);
        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => client.RunAsync(
            i % 3 == 0 ? $"SELECT {i} FORMAT JSONCompactEachRow" : $"SELECT [{i}] FORMAT TSV", i % 5 == 0 ? "max_threads=1" : "")));
        for (var i = 0; i < answers.Length; i++)
            Assert.Equal($"[{i}]\n", answers[i]);
    }

    private static HttpRequestMessage Post(string sql) => new(HttpMethod.Post, "/") { Content = new StringContent(sql) };

    private static async Task<long> ReadAsync(RawClient client, long rows)
    {
        using var request = Post($"SELECT number FROM numbers({rows})");
        using var response = await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 16];
        long bytes = 0;
        while (await body.ReadAsync(buffer) is > 0 and var read)
            bytes += read;
        return bytes;
    }

    private static async Task ReadUntilAsync(RawClient client, string sql, CancellationToken leave)
    {
        using var request = Post(sql);
        using var response = await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leave);
        await (await response.Content.ReadAsStreamAsync(leave)).CopyToAsync(Stream.Null, leave);
    }

    private static async Task UntilRunningAsync(RawClient client, string name, string expected)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (await client.RunAsync($"SELECT count() FROM system.processes WHERE query LIKE '%{name}%' AND query NOT LIKE '%processes%'") != expected)
            timeout.Token.ThrowIfCancellationRequested();
    }

    private long MemoryMb()
    {
        var line = File.ReadLines($"/proc/{warehouse.Process.ProcessId}/status").First(static l => l.StartsWith("VmRSS", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) / 1024;
    }
}
