using System.ComponentModel;
using System.Diagnostics;
using Lambda.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.Warehouse.Tests.Local;

/// <summary>ClickHouse's official Node client against the local warehouse. Its tests are in tests/node.</summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class OfficialNodeClientTests(LocalWarehouseFixture warehouse, ITestOutputHelper output)
{
    [SkippableFact]
    public async Task Client_NoticesNoDifference()
    {
        var url = warehouse.Url;
        var source = FindSource();
        Skip.If(source == null, "tests/node is not above the test's folder");
        var node = await RunAsync("node", ["--version"], ".");
        Skip.If(node == null, "node is not installed");
        Skip.If(Major(node!.Value.Output) < 20, $"node is too old: {node.Value.Output.Trim()}, the client needs 20");
        var folder = Path.GetFullPath(Path.Combine(source!, "../../artifacts/temp/node-client"));
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(source!, "*.*", SearchOption.TopDirectoryOnly))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        var installed = await RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder);
        Skip.If(installed == null, "npm is not installed");
        Skip.If(installed!.Value.ExitCode != 0, $"npm could not install the client: {installed.Value.Output}");

        var tests = await RunAsync("node", ["--test", "--test-reporter=spec"], folder, ("WAREHOUSE_URL", url.ToString().TrimEnd('/')));
        output.WriteLine(tests!.Value.Output);
        Assert.True(tests.Value.ExitCode == 0, tests.Value.Output);
    }

    private static int Major(string version) => int.TryParse(version.Trim().TrimStart('v').Split('.')[0], out var major) ? major : 0;

    private static string? FindSource()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "tests/node/package.json")))
                return Path.Combine(folder.FullName, "tests/node");
        return null;
    }

    /// <returns>Null if there is no such program.</returns>
    private static async Task<(int ExitCode, string Output)?> RunAsync(string program, string[] arguments, string folder,
        params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        try
        {
            using var process = Process.Start(start)!;
            var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return (process.ExitCode, string.Concat(texts));
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
