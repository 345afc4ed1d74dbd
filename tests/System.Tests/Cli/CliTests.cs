using System.Net;
using System.Net.Sockets;
using Lambda.SystemTests.Http;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Cli;

/// <summary>The host as a process: exit codes and what it prints.</summary>
public sealed class CliTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("--help", 0)]
    [InlineData("batch --help", 0)]
    [InlineData("batch", 2)]
    [InlineData("fly", 2)]
    [InlineData("up --port x", 2)]
    [InlineData("up --prot 1", 2)]
    [InlineData("import nowhere.csv", 2)]
    [InlineData("import nowhere.csv --map nowhere.yaml", 2)]
    [InlineData("admin status --url ftp://x", 2)]
    [InlineData("admin status --url http://127.0.0.1:9", 3)]
    [InlineData("admin drain", 2)]
    [InlineData("admin lag --over-ms soon", 2)]
    [InlineData("admin checkpoint --url http://127.0.0.1:9", 3)]
    public async Task Command_WhenItEnds_HasTheExitCode(string line, int expected)
    {
        var ended = await LambdaProcess.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.True(ended.ExitCode == expected, $"{line}: exit {ended.ExitCode}\n{ended.Output}\n{ended.Error}");
        Assert.Equal(expected != 0, ended.Error.Length > 0);
    }

    [Fact]
    public async Task Up_WhenThePortIsTaken_SaysSoAndLeavesTheFolderAlone()
    {
        using var folder = new TempFolder();
        var data = Path.Combine(folder.Path, "data");
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var ended = await LambdaProcess.RunAsync("up", "--port", $"{((IPEndPoint)taken.LocalEndpoint).Port}", "--data", data);
        Assert.Equal(3, ended.ExitCode);
        Assert.Contains("is taken", ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task RemoteCommands_WhenAHostAnswers_PrintOneJsonObject()
    {
        foreach (var line in new[] { "batch run --no-wait", "batch status", "batch status run-1", "admin status", "admin lag", "admin lag --over-ms 4", "admin epochs", "admin checkpoint --partition 0", "admin batch status", "admin quarantine list", "quarantine list", "quarantine replay" })
        {
            var ended = await LambdaProcess.RunAsync([.. line.Split(' '), "--json", "--url", $"{api.Url}"]);
            Assert.True(ended.ExitCode == 0, $"{line}: exit {ended.ExitCode}\n{ended.Error}");
            Assert.Equal('{', ended.Output.Trim()[0]);
            Assert.Single(ended.Output.Trim().Split('\n'));
            var people = await LambdaProcess.RunAsync([.. line.Replace("run --no-wait", "status", StringComparison.Ordinal).Split(' '), "--url", $"{api.Url}"]);
            Assert.Equal(0, people.ExitCode);
        }
    }

    [Theory]
    [InlineData("admin partitions", 1, "")] // the fixture's partition is `running`, which is no state of a ready one
    [InlineData("admin lag --over-ms 3", 1, "")]
    [InlineData("admin drain node-a", 1, "one node")]
    [InlineData("admin drain node-c", 1, "there are: node-a, node-b")]
    [InlineData("admin checkpoint --partition 1", 3, "partition 1 has stopped")]
    [InlineData("admin checkpoint --partition 99", 2, "0..3")]
    public async Task AdminCommands_WhenSomethingIsNotAsItShouldBe_SaySoByExitCodeAndText(string line, int expected, string says)
    {
        var ended = await LambdaProcess.RunAsync([.. line.Split(' '), "--url", $"{api.Url}"]);
        Assert.True(ended.ExitCode == expected, $"{line}: exit {ended.ExitCode}\n{ended.Output}\n{ended.Error}");
        Assert.Contains(says, ended.Error, StringComparison.Ordinal);
    }
}
