using System.CommandLine;
using Lambda.Cluster.Options;

namespace Lambda.Cluster.Cli;

/// <summary>`up`: the engine and its API, until told to stop.</summary>
internal static class UpCommand
{
    public static readonly Option<string?> Config = new("--config") { Description = $"Options file; else ${OptionsReader.FileVariable}, else {OptionsReader.FileName} in this folder.", HelpName = "FILE" };

    /// <summary>A switch a setting: their values are checked with those of file and environment, in one place.</summary>
    private static readonly IReadOnlyDictionary<string, Option<string?>> Switches = Setting.All.ToDictionary(
        s => s.Name, s => new Option<string?>(s.Switch)
        {
            Description = $"{s.Doc} [{s.Show(new LambdaOptions())}]", HelpName = s.IsFlag ? "true|false" : s.Name.Split('_')[^1].ToUpperInvariant(),
            Arity = s.IsFlag ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
        });

    public static Command Create()
    {
        var command = new Command("up", "Run Lambda here: engine and API. Prints `ready URL`; stops on Ctrl-C or SIGTERM, at once on the second.");
        command.Options.Add(Config);
        foreach (var setting in Setting.All) command.Options.Add(Switches[setting.Name]);
        command.SetAction((parse, cancel) => RunAsync(ReadOptions(parse), parse.GetValue(Common.Json), cancel));
        return command;
    }

    private static LambdaOptions ReadOptions(ParseResult parse)
    {
        var given = Setting.All.Where(s => parse.GetResult(Switches[s.Name]) is not null).ToDictionary(s => s.Name, s => parse.GetValue(Switches[s.Name]) ?? "true"); // only a flag may have no value
        return OptionsReader.Read(parse.GetValue(Config), given, Environment.GetEnvironmentVariable);
    }

    /// <summary>The first key is shown here and nowhere else: it is in no file.</summary>
    private static void Tell(Host host, bool json)
    {
        var url = host.Url.ToString().TrimEnd('/');
        if (json)
        {
            Output.Json(host.FirstKey is { } first ? JsonResult.Of(("ready", url), ("admin_key", first)) : JsonResult.Of(("ready", url)));
            return;
        }
        if (host.FirstKey is { } key)
        {
            Output.Note("There was no API key, so a first one was made, with every right. It is shown this once and kept nowhere: put it into LAMBDA_KEY, and make others with ./lambda keys create.");
            Console.Out.WriteLine($"admin-key {key}");
        }
        Console.Out.WriteLine($"ready {url}");
    }

    private static async Task<int> RunAsync(LambdaOptions options, bool json, CancellationToken stop)
    {
        await using var host = await Host.StartAsync(options, TimeProvider.System, Output.Note, stop);
        Tell(host, json);
        await Console.Out.FlushAsync(stop);

        await Task.WhenAny(host.Engine.Faulted, host.Engine.AskedToStop, Task.Delay(Timeout.Infinite, stop));
        if (host.Engine.Faulted.IsFaulted) throw new CommandException(ExitCode.Environment, $"the engine stopped: {host.Engine.Faulted.Exception!.GetBaseException().Message}");
        if (host.Engine.AskedToStop.IsCompleted) Output.Note("this node was asked to hand over and leave");
        Output.Note("stopping; a second signal stops at once");
        await host.StopAsync(CancellationToken.None);
        Output.Note("stopped");
        return ExitCode.Ok;
    }
}
