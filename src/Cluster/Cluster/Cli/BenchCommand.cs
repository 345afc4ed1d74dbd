using System.CommandLine;
using System.Globalization;
using Lambda.Cluster.Bench;

namespace Lambda.Cluster.Cli;

/// <summary>`bench`: measures every goal beside its limit and checks that what was measured is right. A missed goal is no failure, a wrong result is.</summary>
internal static class BenchCommand
{
    private static readonly Argument<string[]> Names = new("name") { Description = $"Which; all when none is named: {string.Join(", ", Benches.All.Select(b => b.Name))}.", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string?> File = new("--json") { Description = "Also write the rows to FILE.", HelpName = "FILE" };
    private static readonly Option<double> Scale = new("--scale") { Description = "Multiplies all sizes and times; the goals are for 1.", DefaultValueFactory = _ => 1.0 };
    private static readonly Option<bool> Full = new("--full") { Description = "No time limit: as many reads under faults as the goal names." };
    private static readonly Option<bool> Tamper = new("--tamper") { Description = "Lets every check expect something wrong: all must fail.", Hidden = true };

    public static Command Create()
    {
        var command = new Command("bench", "Measure Lambda here, beside the limits of this machine.");
        command.Arguments.Add(Names);
        foreach (var option in new Option[] { File, Scale, Full, Tamper }) command.Options.Add(option);
        command.SetAction((parse, cancel) => RunAsync(
            Chosen(parse.GetValue(Names) ?? []), new BenchOptions(Positive(parse.GetValue(Scale)), parse.GetValue(Full), parse.GetValue(Tamper)), parse.GetValue(File), cancel));
        return command;
    }

    private static async Task<int> RunAsync(IReadOnlyList<IBench> benches, BenchOptions options, string? file, CancellationToken cancel)
    {
        var rows = new List<BenchRow>();
        await using (var context = new BenchContext(options, Output.Note))
        {
            foreach (var bench in benches)
            {
                Output.Note($"{bench.Name}: {bench.What}");
                foreach (var row in await context.RowsOfAsync(bench, cancel))
                {
                    rows.Add(row);
                    Output.Note(string.Create(CultureInfo.InvariantCulture, $"  {row.Name} {row.Value:#,0.###} {row.Unit}{(row.Verified ? "" : "  NOT VERIFIED")}"));
                }
            }
        }
        var report = new BenchReport(Machine.Now(), options.Scale, rows);
        report.Print();
        if (file is not null) report.WriteJson(file);
        return report.IsVerified ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static IReadOnlyList<IBench> Chosen(string[] names)
    {
        if (names.Length == 0) return Benches.All;
        var unknown = names.FirstOrDefault(n => Benches.All.All(b => b.Name != n));
        if (unknown is not null)
            throw new CommandException(ExitCode.Usage, $"no bench is called `{unknown}`; expected {string.Join(", ", Benches.All.Select(b => b.Name))}");
        return [.. Benches.All.Where(b => names.Contains(b.Name))];
    }

    private static double Positive(double scale) => scale is > 0 and <= 100 ? scale : throw new CommandException(ExitCode.Usage, $"--scale {scale}: expected a number above 0, up to 100");
}
