using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lambda.Cluster.Cli;

/// <summary>`export`: customers as a file here, or as a job of the host into a folder or a bucket.</summary>
internal static class ExportCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(300);

    private static readonly Argument<string?> Where = new("where") { Description = "A condition in the definition's language; all customers without it.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string> Format = new("--format") { Description = "ndjson, csv or parquet.", DefaultValueFactory = _ => "ndjson", HelpName = "FORMAT" };
    private static readonly Option<string?> Out = new("--out") { Description = "File to write; else stdout.", HelpName = "FILE" };
    private static readonly Option<string?> Folder = new("--to-folder") { Description = "A job of the host, into a folder below its export root.", HelpName = "PATH" };
    private static readonly Option<string?> Bucket = new("--to-s3") { Description = "A job of the host, into its bucket.", HelpName = "PATH" };
    private static readonly Option<bool> NoWait = new("--no-wait") { Description = "Do not wait for the job's end." };

    public static Command Create() =>
        Common.Remote("export", "Customers as NDJSON, CSV or Parquet.", RunAsync, Where, SearchCommand.Select, SearchCommand.Purpose, Format, Out, Folder, Bucket, NoWait);

    private static async Task<int> RunAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var (folder, bucket) = (parse.GetValue(Folder), parse.GetValue(Bucket));
        var body = new JsonObject { ["where"] = parse.GetValue(Where), ["select"] = SearchCommand.List(parse.GetValue(SearchCommand.Select), ','), ["purpose"] = parse.GetValue(SearchCommand.Purpose), ["format"] = parse.GetValue(Format) };
        if (folder is null && bucket is null) return await DownloadAsync(client, body, parse.GetValue(Out), cancel);
        body["to"] = folder is not null ? new JsonObject { ["folder"] = folder } : new JsonObject { ["s3"] = bucket };
        var job = await client.PostAsync("/v1/exports", SearchCommand.Body(body), cancel);
        while (!parse.GetValue(NoWait) && job.GetProperty("state").GetString() is "queued" or "running")
        {
            await Task.Delay(Poll, cancel);
            job = await client.GetAsync($"/v1/exports/{job.GetProperty("export").GetString()}", cancel);
        }
        if (parse.GetValue(Common.Json)) Output.Json(job);
        else Output.Line($"{job.GetProperty("export")} {job.GetProperty("state")}: {Output.Show(job.GetProperty("rows"))} rows, {Output.Show(job.GetProperty("bytes"))} bytes in {job.GetProperty("place")}{Reason(job)}");
        return job.GetProperty("state").GetString() is "failed" or "cancelled" ? ExitCode.CheckFailed : ExitCode.Ok;
    }

    private static string Reason(JsonElement job) => job.GetProperty("reason").GetString() is { } reason ? $"; {reason}" : "";

    private static async Task<int> DownloadAsync(Client client, JsonObject body, string? file, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/exports") { Content = SearchCommand.Body(body) };
        await using var to = file is null ? Console.OpenStandardOutput() : File.Create(file);
        try
        {
            await client.DownloadAsync(request, to, cancel);
            return ExitCode.Ok;
        }
        catch (Exception e) when (e is HttpIOException or IOException)
        {
            throw new CommandException(ExitCode.Environment, $"the export broke off: {e.Message}{(file is null ? "" : $"; {file} is not whole")}");
        }
    }
}
