using System.CommandLine;
using System.Globalization;
using Lambda.SpeedLayer.Generation;

namespace Lambda.Cluster.Cli;

/// <summary>`generate`: realistic events as NDJSON, the same bytes for the same options.</summary>
internal static class GenerateCommand
{
    private const int BufferBytes = 1 << 20;

    private static readonly Option<long> Events = new("--events") { Description = "How many events, repeats included.", DefaultValueFactory = _ => 100_000, HelpName = "N" };
    private static readonly Option<int> Customers = new("--customers") { Description = "How many customers.", DefaultValueFactory = _ => 10_000, HelpName = "N" };
    private static readonly Option<int> Days = new("--days") { Description = "Length of the time they cover.", DefaultValueFactory = _ => 90, HelpName = "N" };
    private static readonly Option<string?> End = new("--end") { Description = "The last instant, RFC 3339; else now.", HelpName = "INSTANT" };
    private static readonly Option<ulong> Seed = new("--seed") { Description = "The same options and seed give the same bytes.", DefaultValueFactory = _ => 1, HelpName = "N" };
    private static readonly Option<double> Late = Rate("--late", "Share of events that come later than they happened.");
    private static readonly Option<double> Duplicates = Rate("--duplicates", "Share of events that are repeats.");
    private static readonly Option<double> Unknown = Rate("--unknown-fields", "Share of events with fields that the catalogue does not know.");
    private static readonly Option<double> Bad = Rate("--bad-lines", "Share of lines that must be refused.");
    private static readonly Option<bool> Zipf = new("--zipf") { Description = "The k-th customer is 1/k as active as the first; else activity follows the customer's segment." };
    private static readonly Option<string?> Out = new("--out") { Description = "File to write; else stdout.", HelpName = "FILE" };

    public static Command Create()
    {
        var command = new Command("generate", "Generate events of customers who earn, shop, travel, log in, fade out: NDJSON to stdout or a file.");
        foreach (var option in new Option[] { Events, Customers, Days, End, Seed, Late, Duplicates, Unknown, Bad, Zipf, Out }) command.Options.Add(option);
        command.SetAction((parse, cancel) => Task.Run(() => Run(parse, cancel), cancel));
        return command;
    }

    private static int Run(ParseResult parse, CancellationToken cancel)
    {
        var generator = Generator(parse);
        var file = parse.GetValue(Out);
        using (var to = new BufferedStream(file is null ? Console.OpenStandardOutput() : File.Create(file), BufferBytes))
            while (generator.MoveNext())
            {
                if ((generator.Emitted & 0xfff) == 0) cancel.ThrowIfCancellationRequested();
                to.Write(generator.Line);
                to.WriteByte((byte)'\n');
            }
        if (file is not null && parse.GetValue(Common.Json))
            Output.Json(JsonResult.Of(("file", file), ("events", generator.Emitted), ("duplicates", generator.Duplicates), ("late", generator.Late), ("bad_lines", generator.BadLines)));
        else Output.Note($"{generator.Emitted:#,0} events, {generator.Duplicates:#,0} of them repeats, {generator.Late:#,0} late; {generator.BadLines:#,0} bad lines");
        return ExitCode.Ok;
    }

    private static EventGenerator Generator(ParseResult parse)
    {
        try
        {
            return new EventGenerator(new GeneratorOptions
            {
                Events = parse.GetValue(Events), Customers = parse.GetValue(Customers), Days = parse.GetValue(Days), Seed = parse.GetValue(Seed), EndMicros = EndMicros(parse.GetValue(End)),
                LateRate = parse.GetValue(Late), DuplicateRate = parse.GetValue(Duplicates), UnknownFieldRate = parse.GetValue(Unknown), BadLineRate = parse.GetValue(Bad), Zipf = parse.GetValue(Zipf),
            });
        }
        catch (ArgumentException e)
        {
            throw new CommandException(ExitCode.Usage, e.Message);
        }
    }

    private static long EndMicros(string? text)
    {
        if (text is null) return DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at.ToUnixTimeMilliseconds() * 1_000
            : throw new CommandException(ExitCode.Usage, $"--end: found `{text}`, expected an instant such as 2026-01-31T00:00:00Z");
    }

    private static Option<double> Rate(string name, string doc) => new(name) { Description = $"{doc} 0..0.9", HelpName = "SHARE" };
}
