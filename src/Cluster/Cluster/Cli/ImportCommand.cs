using System.CommandLine;
using System.Diagnostics;
using Lambda.Cluster.Import;
using Lambda.Cluster.Options;
using Lambda.SpeedLayer.Import;

namespace Lambda.Cluster.Cli;

/// <summary>`import FILE --map MAP.yaml`: a delimited file into a running host, or with --data into an engine of its own.</summary>
internal static class ImportCommand
{
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(2);

    private static readonly Argument<string> FileName = new("FILE") { Description = "A delimited file, plain or gzip." };
    private static readonly Option<string> Map = new("--map") { Description = "The mapping of its columns to events, YAML; see docs/import.md and samples/.", Required = true, HelpName = "MAP.yaml" };
    private static readonly Option<string?> Data = new("--data") { Description = "Start an engine on this folder for the import, when none is running.", HelpName = "DIR" };
    private static readonly Option<bool> Again = new("--again") { Description = "From the first row, even if it was imported before: repeats count once." };

    public static Command Create()
    {
        var command = new Command("import", "Import a delimited file: resumable, and every row counts once however often it is sent.") { FileName };
        foreach (var option in new Option[] { Map, Common.Url, Common.Key, Data, Again }) command.Options.Add(option);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancel)
    {
        var (file, map) = Open(parse.GetValue(FileName)!, parse.GetValue(Map)!);
        if (parse.GetValue(Data) is not { } data)
        {
            using var client = Client.Of(parse.GetValue(Common.Url), parse.GetValue(Common.Key));
            return await RunAsync(parse, client, file, map, cancel);
        }
        if (parse.GetValue(Common.Url) is not null) throw new CommandException(ExitCode.Usage, "--url and --data: expected one of them");
        var options = OptionsReader.Read(null, new Dictionary<string, string> { ["dev"] = "true", ["data"] = data, ["port"] = "0", ["batch_at"] = Setting.None }, Environment.GetEnvironmentVariable);
        await using var host = await Host.StartAsync(options, TimeProvider.System, Output.Note, cancel);
        using var own = new Client(host.Url);
        var code = await RunAsync(parse, own, file, map, cancel);
        await host.StopAsync(CancellationToken.None);
        return code;
    }

    private static async Task<int> RunAsync(ParseResult parse, Client client, SourceFile file, ImportMap map, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var told = TimeSpan.Zero;
        var json = parse.GetValue(Common.Json);
        var report = await new ImportRun(client, file, map).RunAsync(parse.GetValue(Again), progress =>
        {
            if (json || clock.Elapsed - told < TellEvery) return;
            told = clock.Elapsed;
            Output.Note($"{progress.Done,6:P0}  {Output.Show(progress.Rows)} rows, {Output.Show(progress.Events)} events, {Output.Show(progress.Rejected)} refused");
        }, cancel);
        Tell(report, clock.Elapsed, json);
        return report.Rejected == 0 ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static void Tell(ImportReport report, TimeSpan took, bool json)
    {
        if (json)
        {
            Output.Json(JsonResult.Of(("file", report.File), ("rows", report.Rows), ("events", report.Events), ("rejected", report.Rejected), ("resumed", report.Resumed), ("seconds", Math.Round(took.TotalSeconds, 3))));
            return;
        }
        Output.Line($"{report.File}: {Output.Show(report.Rows)} rows, {Output.Show(report.Events)} events accepted, {Output.Show(report.Rejected)} refused, in {took.TotalSeconds:0.0} s{(report.Resumed ? " (went on from an earlier import)" : "")}");
        if (report.Rejected > 0) Output.Line("see ./lambda quarantine list");
    }

    internal static (SourceFile, ImportMap) Open(string file, string map)
    {
        try
        {
            return (SourceFile.Of(file), ImportMapReader.Read(File.ReadAllText(map), map));
        }
        catch (Exception e) when (e is ImportMapException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CommandException(ExitCode.Usage, e is ImportMapException ? e.Message : $"{file}, {map}: cannot be read: {e.Message}");
        }
    }
}
