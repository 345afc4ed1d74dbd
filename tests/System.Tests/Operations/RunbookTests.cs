using System.Text.RegularExpressions;
using Lambda.Cluster.Cli;
using Lambda.Cluster.Monitoring;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.SystemTests.Http;
using Lambda.SystemTests.Security;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Xunit;

namespace Lambda.SystemTests.Operations;

/// <summary>Alerts, runbook, metrics and commands belong together: none may name what is not there.</summary>
public sealed partial class RunbookTests
{
    private static readonly string Alerts = File.ReadAllText(Path.Combine(Repository.Root, "k8s/base/alerts.yaml"));
    private static readonly string Runbook = File.ReadAllText(Path.Combine(Repository.Root, "docs/runbook.md"));

    [Fact]
    public void Runbook_WhenHeldAgainstTheAlerts_HasASectionForEach()
    {
        var alerts = AlertName().Matches(Alerts).Select(m => m.Groups[1].Value).ToList();
        var sections = Section().Matches(Runbook).Select(m => m.Groups[1].Value).ToList();
        Assert.True(alerts.Count >= 15, $"{alerts.Count} alerts");
        Assert.Equal(alerts, sections);
        foreach (var section in Runbook.Split("\n## ").Skip(1))
            foreach (var part in (string[])["**Means**", "**Look at**", "**Do**"]) Assert.True(section.Contains(part, StringComparison.Ordinal), $"{section.Split('\n')[0]} does not say {part}");
    }

    [Fact]
    public void Runbook_WhenItNamesCommands_NamesOnesThatExist()
    {
        var commands = Command().Matches(Runbook).Select(m => m.Groups[1].Value.Trim()).Distinct().ToList();
        Assert.True(commands.Count >= 15, string.Join('\n', commands));
        foreach (var command in commands)
        {
            var words = command.Split(' ');
            var errors = words[0] == "loadtest" ? LoadTests.LoadTestCommand.Create().Parse(words[1..]).Errors : Root.Create().Parse(words).Errors;
            Assert.True(errors.Count == 0, $"./lambda {command}: {string.Join("; ", errors.Select(e => e.Message))}");
        }
    }

    [Fact]
    public void Runbook_WhenItLinks_LinksToWhatIsThere()
    {
        foreach (var anchor in Anchor().Matches(Runbook).Select(m => m.Groups[1].Value)) Assert.Contains($"\n## {anchor}\n", Runbook, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Alerts_WhenTheyNameMetrics_NameOnesThatAreExported()
    {
        var api = new ApiFixture();
        using var export = new MetricsExport(api.Parts, api.Parts, api.Parts, api.Parts.FraudModels, TimeProvider.System);
        api.Parts.Metrics = export.Scrape;
        await api.InitializeAsync();
        var secured = new SecuredApi();
        await secured.InitializeAsync();
        await secured.GetAsync("/v1/admin/status");
        using var segments = new SegmentMetrics(api.Parts.Segments, TimeProvider.System);
        api.Parts.Segments.Add(new Webhook("wh-1", "https://hooks.example.org", [], true, "s", "ann", 1));
        api.Parts.Segments.Record([SegmentStoreSuite.Change("anna", "dormant", true)], null);
        await MakeEverythingHappenAsync(api);
        var exported = await api.Http.GetStringAsync("/metrics");
        var used = Metric().Matches(Alerts + Runbook).Select(m => m.Value).Distinct().ToList();
        Assert.True(used.Count >= 15, string.Join('\n', used));
        Assert.All(used, metric => Assert.Contains($"\n{metric}{(exported.Contains($"\n{metric}{{", StringComparison.Ordinal) ? "{" : " ")}", exported, StringComparison.Ordinal));
        await api.DisposeAsync();
        await secured.DisposeAsync();
    }

    [SkippableFact]
    public async Task Alerts_WhenPromtoolReadsThem_AreWellFormed()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("rules.yaml"), Rules());
        var ended = await Programs.RunAsync("promtool", ["check", "rules", folder.File("rules.yaml")]);
        Skip.If(ended is null, "promtool is not installed (Debian: apt-get install prometheus)");
        Assert.True(ended!.ExitCode == 0 && ended.Output.Contains("SUCCESS", StringComparison.Ordinal), ended.ToString());
    }

    /// <summary>Each alert fires for the trouble it is for, and for no healthy installation.</summary>
    [SkippableFact]
    public async Task Alerts_WhenThereIsTrouble_Fire()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("rules.yaml"), Rules());
        File.Copy(Path.Combine(Repository.Root, "tests/System.Tests/Operations/alerts.test.yaml"), folder.File("alerts.test.yaml"));
        var ended = await Programs.RunAsync("promtool", ["test", "rules", "alerts.test.yaml"], folder: folder.Path);
        Skip.If(ended is null, "promtool is not installed (Debian: apt-get install prometheus)");
        Assert.True(ended!.ExitCode == 0, ended.ToString());
    }

    /// <summary>Prometheus' own rules file is the object's spec.</summary>
    private static string Rules() => string.Join('\n', Alerts.Split('\n').SkipWhile(l => l != "spec:").Skip(1).Select(l => l.Length > 2 ? l[2..] : l));

    private static async Task MakeEverythingHappenAsync(ApiFixture api)
    {
        api.Parts.Runs.Add(new RunReport("run-1", 3, RunState.Published, "hash", 1, 9, [], new Dictionary<string, long> { ["events"] = 7 }, [(RunState.Sinking, 15)]));
        api.Parts.Quarantine.Add([new QuarantineEntry(0, 5, "http", 1, "", "malformed_json", "", "x"u8.ToArray())], once: true);
        api.Parts.OnIntake = _ => new Intake.Done(1, [new RejectedLine(1, "", "unknown_type", "")], []);
        await api.PostAsync("/v1/events", "…");
        api.Parts.OnIntake = _ => new Intake.Busy("log", TimeSpan.FromSeconds(1));
        await api.PostAsync("/v1/events", "…");
    }

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex AlertName();

    [GeneratedRegex(@"^## (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"(?:`|^)\./lambda ([^`\n]+)", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"\]\(#([^)]+)\)")]
    private static partial Regex Anchor();

    [GeneratedRegex(@"\b(?:lambda_(?:engine|partition|ingest|run|warehouse|quarantine|topic|source|audit|api)_\w+|http_server_\w+|dotnet_\w+)")]
    private static partial Regex Metric();
}
