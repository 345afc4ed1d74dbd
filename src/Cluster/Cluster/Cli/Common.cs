using System.CommandLine;

namespace Lambda.Cluster.Cli;

/// <summary>Options that several commands share.</summary>
internal static class Common
{
    public static readonly Option<bool> Json = new("--json") { Description = "Print one JSON object.", Recursive = true };

    public static readonly Option<string?> Url = new("--url") { Description = $"The running host; else ${Client.UrlVariable}, else {Client.DefaultUrl}.", HelpName = "URL" };

    public static readonly Option<string?> Key = new("--key") { Description = $"API key; else ${Client.KeyVariable}. Other users of this machine may see what stands on a command line: prefer the variable.", HelpName = "KEY" };

    /// <summary>A command that talks to a running host. <paramref name="run"/> returns the exit code.</summary>
    public static Command Remote(string name, string description, Func<ParseResult, Client, CancellationToken, Task<int>> run, params ReadOnlySpan<Symbol> symbols)
    {
        var command = new Command(name, description);
        command.Options.Add(Url);
        command.Options.Add(Key);
        foreach (var symbol in symbols)
        {
            if (symbol is Option option) command.Options.Add(option);
            else command.Arguments.Add((Argument)symbol);
        }
        command.SetAction(async (parse, cancel) =>
        {
            using var client = Client.Of(parse.GetValue(Url), parse.GetValue(Key));
            return await run(parse, client, cancel);
        });
        return command;
    }

    public static Command Group(string name, string description, params ReadOnlySpan<Command> commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands) group.Subcommands.Add(command);
        return group;
    }
}
