using System.Text.Json;
using Lambda.Cluster.Bench;
using Lambda.SystemTests.Cli;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Bench;

/// <summary>Every bench at a tiny scale: what it measures is right, and it would have said so if it were not.</summary>
public sealed class BenchTests : IDisposable
{
    private const string Scale = "0.001";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task Bench_AtTinyScale_VerifiesEveryRow()
    {
        var (exit, rows, said) = await RunAsync();
        Assert.True(rows.Length > 20, said);
        Assert.True(Array.TrueForAll(rows, IsVerified), said);
        Assert.Equal(0, exit);
    }

    [SkippableFact]
    public async Task Bench_WhenChecksExpectOtherwise_VerifiesNoRowAndExitsWithOne()
    {
        // All but cluster-loss, whose answers are checked by what checks those of cluster: it takes a minute and a half.
        var (exit, rows, said) = await RunAsync([.. Benches.All.Select(b => b.Name).Where(n => n != "cluster-loss"), "--tamper"]);
        Assert.True(rows.Length > 15, said);
        Assert.DoesNotContain(rows, IsVerified);
        Assert.Equal(1, exit);
    }

    [Fact]
    public async Task Bench_OfUnknownName_NamesTheKnownOnes()
    {
        var ended = await LambdaProcess.RunAsync("bench", "nonsense");
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains("`nonsense`; expected law, ingest", ended.Error);
    }

    private async Task<(int Exit, JsonElement[] Rows, string Said)> RunAsync(params string[] more)
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var file = _folder.File("bench.json");
        var ended = await LambdaProcess.RunAsync(["bench", "--scale", Scale, "--json", file, .. more]);
        Assert.True(File.Exists(file), ended.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(file));
        foreach (var field in new[] { "name", "value", "unit", "goal", "limit", "ratio", "verified" })
            Assert.All(report.RootElement.GetProperty("rows").EnumerateArray(), row => Assert.True(row.TryGetProperty(field, out _), field));
        return (ended.ExitCode, [.. report.RootElement.GetProperty("rows").EnumerateArray().Select(r => r.Clone())], $"{ended.Error}\n{ended.Output}");
    }

    private static bool IsVerified(JsonElement row) => row.GetProperty("verified").GetBoolean();
}
