using System.CommandLine;
using System.Text.Json.Nodes;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.Domain.Cards;

namespace Lambda.Cluster.Cli;

/// <summary>`keys rotate|retire`: the file with the keys of card tokens. Hosts read a changed file within a second.</summary>
internal static class CardKeysCommand
{
    private static readonly Option<string?> Data = new("--data") { Description = "The data folder of an embedded installation: its card.keys.", HelpName = "FOLDER" };
    private static readonly Option<string?> FileOption = new("--card-keys") { Description = "The file that the setting card_keys names; made when it is missing.", HelpName = "FILE" };
    private static readonly Argument<string> Id = new("ID") { Description = "As `keys rotate` shows it, such as k1: what stands behind tok_ in the tokens it made." };

    public static Command Rotate() => Of("rotate", "Make a new key for card tokens the current one. Cards are found by older tokens as long as their key is there.", keys => keys.Rotated());

    public static Command Retire()
    {
        var command = Of("retire", "Forget an older key of card tokens: cards that were not seen since the rotation are not found any more.", (keys, id) => keys.Without(id));
        command.Arguments.Add(Id);
        return command;
    }

    private static Command Of(string name, string description, Func<CardKeys, CardKeys> change) => Of(name, description, (keys, _) => change(keys));

    private static Command Of(string name, string description, Func<CardKeys, string, CardKeys> change)
    {
        var command = new Command(name, description);
        command.Options.Add(Data);
        command.Options.Add(FileOption);
        command.SetAction(parse => Run(parse, name, change));
        return command;
    }

    private static int Run(ParseResult parse, string name, Func<CardKeys, string, CardKeys> change)
    {
        var file = parse.GetValue(FileOption) ?? (parse.GetValue(Data) is { } data ? Path.Combine(data, DataFolder.CardKeysFile) : null)
            ?? throw new CommandException(ExitCode.Usage, "name the file: --data FOLDER or --card-keys FILE");
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder && !Directory.Exists(folder)) throw new CommandException(ExitCode.Usage, $"{folder} does not exist");
        CardKeys keys;
        try
        {
            keys = !File.Exists(file) && name == "rotate" ? CardKeys.New() : change(CardKeyFile.ReadFile(file), parse.GetResult(Id) is null ? "" : parse.GetValue(Id)!);
            CardKeyFile.Write(file, keys);
        }
        catch (Exception e) when (e is FormatException or OptionsException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, e.Message);
        }
        if (parse.GetValue(Common.Json)) Output.Json(JsonResult.Of(("file", file), ("current", keys.Current.Id), ("keys", new JsonArray([.. keys.All.Select(k => (JsonNode)k.Id)]))));
        else Output.Line($"{file}: the current key is {keys.Current.Id}{(keys.All.Count > 1 ? $", tokens of {string.Join(", ", keys.All.Skip(1).Select(k => k.Id))} are still found" : "")}");
        return ExitCode.Ok;
    }
}
