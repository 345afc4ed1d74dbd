using System.CommandLine;
using System.Net.Http.Headers;
using Lambda.Domain.Views;

namespace Lambda.Cluster.Cli;

/// <summary>`definition check FILE`: here, without a host. `definition put FILE`: for the next run of a running one.</summary>
internal static class DefinitionCommand
{
    private static readonly Argument<string> FileName = new("FILE") { Description = "A definition, YAML." };

    public static Command Create()
    {
        var check = new Command("check", "Check a definition; exit 1 with file, line and column of every error.") { FileName };
        check.SetAction(parse => Check(parse.GetValue(FileName)!, parse.GetValue(Common.Json)));
        return Common.Group("definition", "The definition: what the metrics, derived values and segments are.",
            check, Common.Remote("put", "Give a running host a definition; it takes effect at the next run.", PutAsync, FileName));
    }

    private static int Check(string file, bool json)
    {
        try
        {
            var definition = Definitions.Compile(Read(file), file);
            if (json) Output.Json(JsonResult.Of(("definition", definition.Hash), ("metrics", definition.Metrics.Count), ("outputs", definition.Outputs.Count), ("segments", definition.Segments.Count)));
            else Output.Line($"{file}: good: {definition.Metrics.Count} metrics, {definition.Derived.Count} derived, {definition.Segments.Count} segments, {definition.Outputs.Count} outputs; {definition.Hash}");
            return ExitCode.Ok;
        }
        catch (DefinitionException e)
        {
            foreach (var error in e.Errors) Output.Note(error.ToString());
            if (json) Output.Json(JsonResult.Of(("errors", e.Errors.Count)));
            return ExitCode.CheckFailed;
        }
    }

    private static async Task<int> PutAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var file = parse.GetValue(FileName)!;
        var body = new StringContent(Read(file), new MediaTypeHeaderValue("application/yaml", "utf-8"));
        var request = new HttpRequestMessage(HttpMethod.Put, $"/v1/definition?file={Uri.EscapeDataString(file)}") { Content = body };
        var taken = await client.SendAsync(request, cancel);
        if (parse.GetValue(Common.Json)) Output.Json(taken);
        else Output.Line($"{taken.GetProperty("definition")} takes effect: {taken.GetProperty("takes_effect")}");
        return ExitCode.Ok;
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"{file}: cannot be read: {e.Message}");
        }
    }
}
