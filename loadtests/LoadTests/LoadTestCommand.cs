using System.CommandLine;
using System.Globalization;
using Lambda.LoadTests.Nodes;
using Lambda.LoadTests.Reports;
using Lambda.LoadTests.Runners;
using Lambda.LoadTests.Scenarios;

namespace Lambda.LoadTests;

/// <summary>`./lambda loadtest NAME …`. Exit 0 when every check holds, 1 when one does not, 2 usage, 3 when there is nothing to load.</summary>
internal static class LoadTestCommand
{
    private const string UrlVariable = "LAMBDA_URL", DefaultUrl = "http://127.0.0.1:8360";
    private const int Ok = 0, CheckFailed = 1, Usage = 2, Environment = 3;

    private static readonly Argument<string> Name = new("NAME") { Description = string.Join("; ", Scenario.All.Select(s => $"{s.Name}: {s.What}")) };
    private static readonly Option<string?> Url = new("--url") { Description = $"The running installation, several nodes separated by commas; else ${UrlVariable}, else {DefaultUrl}.", HelpName = "URL" };
    private static readonly Option<bool> Own = new("--own") { Description = "Load a host of the test's own instead, on a temporary folder." };
    private static readonly Option<double?> Rate = new("--rate") { Description = "Of the scenario's main flow, a second, at its peak.", HelpName = "N" };
    private static readonly Option<double> Seconds = new("--seconds") { Description = "How long the load lasts.", DefaultValueFactory = _ => 30, HelpName = "S" };
    private static readonly Option<int> Customers = new("--customers") { Description = "So many customers, new ones.", DefaultValueFactory = _ => 5_000, HelpName = "N" };
    private static readonly Option<int> Check = new("--check") { Description = "At most so many customers are read back at the end.", DefaultValueFactory = _ => 20_000, HelpName = "N" };
    private static readonly Option<string> With = new("--runner") { Description = $"Who sends: {string.Join(", ", Runner.All.Select(r => r.Name))}.", DefaultValueFactory = _ => Runner.All[0].Name };
    private static readonly Option<int?> Pid = new("--pid") { Description = "node-loss, payday-loss: the node to kill (SIGKILL).", HelpName = "PID" };
    private static readonly Option<string?> Kill = new("--kill") { Description = "node-loss, payday-loss: shell command that kills the node.", HelpName = "COMMAND" };
    private static readonly Option<string?> Restart = new("--restart") { Description = "node-loss, payday-loss: shell command that starts it again; not waited for.", HelpName = "COMMAND" };
    private static readonly Option<double> Away = new("--away") { Description = "node-loss, payday-loss: seconds until it is started again.", DefaultValueFactory = _ => 2, HelpName = "S" };
    private static readonly Option<string?> Json = new("--json") { Description = "Also write the report to FILE.", HelpName = "FILE" };
    private static readonly Option<string?> Html = new("--html") { Description = "Also write it as a page to FILE.", HelpName = "FILE" };
    private static readonly Option<bool> Tamper = new("--tamper") { Description = "Count an event that is never sent: the checks must fail.", Hidden = true };

    public static async Task<int> RunAsync(string[] args, CancellationToken stop)
    {
        var parse = Create().Parse(args.Length == 0 ? ["--help"] : args);
        if (parse.Errors.Count > 0) return Say(Usage, string.Join("; ", parse.Errors.Select(e => e.Message)));
        try
        {
            using var help = new StringWriter();
            var code = await parse.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = help }, stop);
            Console.Out.Write(help.ToString().Replace(RootCommand.ExecutableName, "./lambda loadtest", StringComparison.Ordinal));
            return code;
        }
        catch (UsageException e)
        {
            return Say(Usage, e.Message);
        }
        catch (Exception e) when (e is EnvironmentException or IOException or UnauthorizedAccessException)
        {
            return Say(Environment, e.Message);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Say(Environment, "stopped");
        }
    }

    public static RootCommand Create()
    {
        var root = new RootCommand("Load Lambda, then hold its answers against what was sent. The installation keeps the customers (load-…).") { Name };
        foreach (var option in new Option[] { Url, Own, Rate, Seconds, Customers, Check, With, Pid, Kill, Restart, Away, Json, Html, Tamper }) root.Options.Add(option);
        root.SetAction(RunAsync);
        return root;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancel)
    {
        var scenario = Named(Scenario.All, s => s.Name, parse.GetValue(Name)!, "load test");
        var runner = Named(Runner.All, r => r.Name, parse.GetValue(With)!, "runner");
        await using var own = parse.GetValue(Own) ? await OwnHost.StartAsync(cancel) : null;
        var options = new LoadTestOptions(
            own is null ? Urls(parse.GetValue(Url)) : [own.Url], parse.GetValue(Rate) is { } rate ? Positive("--rate", rate) : null, TimeSpan.FromSeconds(Positive("--seconds", parse.GetValue(Seconds))),
            (int)Positive("--customers", parse.GetValue(Customers)), (int)Positive("--check", parse.GetValue(Check)), DropsOne: parse.GetValue(Tamper))
        {
            Node = (INode?)own ?? NodeOf(parse), Away = TimeSpan.FromSeconds(Math.Max(0, parse.GetValue(Away))),
        };
        if (scenario.LosesANode && options.Node is null) throw new UsageException($"{scenario.Name} needs a node: --own, or --pid PID or --kill COMMAND with --restart COMMAND");
        var report = await LoadTest.RunAsync(scenario, options, runner, Console.Error.WriteLine, cancel);
        Console.Out.Write(TextReport.Of(report));
        if (parse.GetValue(Json) is { } json) await File.WriteAllTextAsync(json, report.ToJson(), cancel);
        if (parse.GetValue(Html) is { } html) await File.WriteAllTextAsync(html, HtmlReport.Of(report), cancel);
        return report.IsVerified ? Ok : CheckFailed;
    }

    private static CommandNode? NodeOf(ParseResult parse)
    {
        var kill = parse.GetValue(Kill) ?? (parse.GetValue(Pid) is { } pid ? string.Create(CultureInfo.InvariantCulture, $"kill -9 {pid}") : null);
        if (kill is null) return null;
        return parse.GetValue(Restart) is { } restart ? new CommandNode(kill, restart) : throw new UsageException("a node that is killed must come back: add --restart COMMAND");
    }

    private static List<Uri> Urls(string? given) =>
        [.. (given ?? System.Environment.GetEnvironmentVariable(UrlVariable) ?? DefaultUrl).Split(',').Select(text => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == "http"
            ? url
            : throw new UsageException($"--url: found `{text}`, expected an http URL such as {DefaultUrl}"))];

    private static T Named<T>(IReadOnlyList<T> all, Func<T, string> name, string wanted, string what) => all.FirstOrDefault(x => name(x) == wanted)
        ?? throw new UsageException($"no {what} is called `{wanted}`; expected {string.Join(", ", all.Select(name))}");

    private static double Positive(string option, double value) => value > 0 && value < 1e9 ? value : throw new UsageException($"{option} {value}: expected a number above 0");

    private static int Say(int code, string message)
    {
        Console.Error.WriteLine($"lambda loadtest: {message}");
        return code;
    }
}
