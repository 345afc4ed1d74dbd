using System.Text.RegularExpressions;
using Lambda.SystemTests.Operations;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Dashboard;

/// <summary>The committed bundle is what its sources give, and the page's alerts are Prometheus' alerts.</summary>
public sealed partial class BundleTests
{
    private static readonly string Sources = Path.Combine(Repository.Root, "src/Serving/Dashboard");

    /// <summary>After a change of the sources: `npm ci &amp;&amp; npm run check &amp;&amp; npm run build` in src/Serving/Dashboard, and commit dist.</summary>
    [SkippableFact]
    public async Task Bundle_WhenBuiltAnew_IsTheCommittedOne()
    {
        // Elsewhere: packages beside the sources would look like a change of them.
        var folder = Path.Combine(Repository.Root, "artifacts/temp/dashboard");
        Copy(Sources, folder);
        var installed = await Programs.RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder: folder);
        Skip.If(installed is null, "npm is not installed");
        Skip.If(installed!.ExitCode != 0, $"npm could not install the dashboard's packages: {installed}");
        var check = await Programs.RunAsync("npm", ["run", "check"], folder: folder);
        Assert.True(check!.ExitCode == 0, check.ToString());
        using var built = new TempFolder();
        var build = await Programs.RunAsync("node", ["build.mjs", built.Path], folder: folder);
        Assert.True(build!.ExitCode == 0, build.ToString());

        var dist = Path.Combine(Sources, "dist");
        Assert.Equal(Names(dist), Names(built.Path));
        foreach (var name in Names(dist))
            Assert.True(File.ReadAllBytes(Path.Combine(dist, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(built.Path, name))), $"dist/{name} is stale: `npm ci && npm run build` in src/Serving/Dashboard");
    }

    [Fact]
    public void Alerts_WhenHeldAgainstPrometheus_HaveTheSameNameSeverityAndPatience()
    {
        var page = Rule().Matches(File.ReadAllText(Path.Combine(Sources, "src/view/alerts.ts")))
            .Select(m => (Name: m.Groups[1].Value, Severity: m.Groups[2].Value, Seconds: int.Parse(m.Groups[3].Value))).ToList();
        var prometheus = File.ReadAllText(Path.Combine(Repository.Root, "k8s/base/alerts.yaml")).Split("- alert: ").Skip(1).ToDictionary(a => a[..a.IndexOf('\n')]);
        Assert.True(page.Count >= 10, $"{page.Count} alerts");
        foreach (var (name, severity, seconds) in page)
        {
            var alert = prometheus[name];
            Assert.Contains($"severity: {severity}", alert, StringComparison.Ordinal);
            var patience = Patience().Match(alert);
            Assert.Equal(patience.Success ? int.Parse(patience.Groups[1].Value) * (patience.Groups[2].Value == "m" ? 60 : 1) : 0, seconds);
        }
    }

    private static void Copy(string from, string to)
    {
        if (Directory.Exists(Path.Combine(to, "src"))) Directory.Delete(Path.Combine(to, "src"), recursive: true); // what was deleted must not stay
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        foreach (var folder in Directory.EnumerateDirectories(from).Where(d => Path.GetFileName(d) is not ("node_modules" or "dist"))) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }

    private static string[] Names(string folder) => [.. Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [GeneratedRegex("name: \"(\\w+)\", severity: \"(\\w+)\", forSeconds: (\\d+)")]
    private static partial Regex Rule();

    [GeneratedRegex(@"\n\s+for: (\d+)([sm])\n")]
    private static partial Regex Patience();
}
