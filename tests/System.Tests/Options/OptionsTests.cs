using System.Globalization;
using Lambda.Cluster.Options;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Options;

public sealed class OptionsTests
{
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public void DefaultFile_WhenRead_HoldsEverySettingAtItsDefault()
    {
        var file = Path.Combine(Repository.Root, OptionsReader.FileName);
        Assert.Equal(new LambdaOptions(), OptionsReader.Read(file, Nothing, _ => null));
        var documented = File.ReadAllLines(file).Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split(':')[0]);
        Assert.Equal(Setting.All.Select(s => s.Name), documented);
    }

    [Fact]
    public void Setting_WhenShownAndApplied_IsTheSame()
    {
        var options = new LambdaOptions { Data = "x", Port = 1, Partitions = 2, Warehouse = "http://h:1/d", BatchAt = DailyTimes.Parse("07:00, 01:00"), Definition = "d", DedupHorizonDays = 3, CheckpointEvents = 4, CheckpointSeconds = 5, SinkRows = 6, SinkMs = 7 };
        Assert.Equal(options, Setting.All.Aggregate(new LambdaOptions(), (o, s) => s.Apply(o, s.Show(options))));
        Assert.Equal(typeof(LambdaOptions).GetProperties().Length, Setting.All.Count);
    }

    [Fact]
    public void Read_WhenSetInSeveralPlaces_TakesTheLast()
    {
        using var folder = new TempFolder();
        var file = folder.Write("lambda.yaml", "port: 1\npartitions: 2\ndata: here\n");
        var environment = new Dictionary<string, string> { ["LAMBDA_PARTITIONS"] = "3", ["LAMBDA_DATA"] = "there", ["LAMBDA_CONFIG"] = file };
        var options = OptionsReader.Read(null, new Dictionary<string, string> { ["data"] = "yonder" }, environment.GetValueOrDefault);
        Assert.Equal((1, 3, "yonder"), (options.Port, options.Partitions, options.Data));
    }

    [Theory]
    [InlineData("01:00", "2026-03-01T00:59:59Z", "2026-03-01T01:00:00Z")]
    [InlineData("01:00", "2026-03-01T01:00:00Z", "2026-03-02T01:00:00Z")]
    [InlineData("19:00, 01:00,07:00,01:00", "2026-03-01T01:00:00Z", "2026-03-01T07:00:00Z")]
    [InlineData("19:00,01:00", "2026-03-01T20:00:00Z", "2026-03-02T01:00:00Z")]
    public void DailyTimes_WhenOneHasPassed_GoOnWithTheNext(string times, string now, string next) =>
        Assert.Equal(DateTimeOffset.Parse(next, CultureInfo.InvariantCulture), DailyTimes.Parse(times).After(DateTimeOffset.Parse(now, CultureInfo.InvariantCulture)));

    [Fact]
    public void Read_WhenTheFileIsJson_IsReadToo()
    {
        using var folder = new TempFolder();
        Assert.Equal(9, OptionsReader.Read(folder.Write("lambda.json", """{ "port": 9, "batch_at": "none" }"""), Nothing, _ => null).Port);
    }

    [Theory]
    [InlineData("port: 70000\n", ":1:7: found `70000`, expected a whole number 0..65535")]
    [InlineData("\nports: 1\n", ":2:1: unknown option `ports`")]
    [InlineData("batch_at: 25:00\n", "expected UTC times as HH:MM")]
    [InlineData("batch_at: 01:00,1:30\n", "expected UTC times as HH:MM")]
    [InlineData("warehouse: localhost:8123\n", "expected an http or https URL")]
    [InlineData("port: [1]\n", "port needs one value")]
    [InlineData("port: 1\nport: 2\n", "not YAML")]
    [InlineData("- 1\n", "expected `name: value` lines")]
    public void Read_WhenTheFileIsWrong_NamesThePlace(string text, string expected)
    {
        using var folder = new TempFolder();
        var file = folder.Write("lambda.yaml", text);
        var e = Assert.Throws<OptionsException>(() => OptionsReader.Read(file, Nothing, _ => null));
        Assert.StartsWith(file, e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WhenEnvironmentOrSwitchIsWrong_NamesIt()
    {
        Assert.StartsWith("LAMBDA_PORT: found `x`", Assert.Throws<OptionsException>(() => OptionsReader.Read(null, Nothing, n => n == "LAMBDA_PORT" ? "x" : null)).Message, StringComparison.Ordinal);
        Assert.StartsWith("--sink-ms: found `0`", Assert.Throws<OptionsException>(() => OptionsReader.Read(null, new Dictionary<string, string> { ["sink_ms"] = "0" }, _ => null)).Message, StringComparison.Ordinal);
    }
}
