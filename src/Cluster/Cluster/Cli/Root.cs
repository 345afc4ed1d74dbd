using System.CommandLine;
using Lambda.Cluster.Bench.Limits;
using Lambda.Cluster.Embedded;
using Lambda.Cluster.Options;
using Lambda.Domain.Views;
using Lambda.Serving;
using Lambda.SpeedLayer.Import;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.Cluster.Cli;

/// <summary>The command line: every command, and how its end becomes an exit code.</summary>
public static class Root
{
    public static async Task<int> RunAsync(string[] args, CancellationToken stop)
    {
        var parse = Create().Parse(args.Length == 0 ? ["--help"] : args);
        if (parse.Errors.Count > 0)
        {
            foreach (var error in parse.Errors) Output.Error(error.Message);
            Output.Note($"see ./lambda {string.Join(' ', args.TakeWhile(a => !a.StartsWith('-')).Take(1).Append("--help"))}");
            return ExitCode.Usage;
        }
        try
        {
            using var help = new StringWriter(); // the library's own output: help and version
            var code = await parse.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = help }, stop);
            Console.Out.Write(help.ToString().Replace(RootCommand.ExecutableName, "./lambda", StringComparison.Ordinal));
            return code;
        }
        catch (CommandException e)
        {
            Output.Error(e.Message);
            return e.ExitCode;
        }
        catch (Exception e) when (e is OptionsException or ImportMapException or DefinitionException)
        {
            Output.Error(e.Message);
            return ExitCode.Usage;
        }
        catch (Exception e) when (e is PortTakenException or DataFolderException or StorageException or LogCorruptException or IOException or UnauthorizedAccessException)
        {
            Output.Error(e.Message);
            return ExitCode.Environment;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Output.Error("stopped");
            return ExitCode.Environment;
        }
    }

    internal static RootCommand Create()
    {
        var root = new RootCommand("Lambda: complete, fresh and exact answers about every customer. Also: ./lambda test, ./lambda loadtest");
        root.Options.Add(Common.Json);
        foreach (var command in new[]
                 {
                     UpCommand.Create(), DemoCommand.Create(), ImportCommand.Create(), GenerateCommand.Create(), SimCommand.Create(), BatchCommand.Create(), QuarantineCommand.Create(), AdminCommand.Create(), DefinitionCommand.Create(), FraudCommand.Create(), SearchCommand.Create(), ExportCommand.Create(), SegmentsCommand.Create(), WebhooksCommand.Create(), KeysCommand.Create(), AuditCommand.Create(), PrivacyCommand.Create(), IdentityCommand.Create(),
                     ClusterCommand.Create(), BenchCommand.Create(), PlainKestrel.CreateCommand(),
                 }) root.Subcommands.Add(command);
        return root;
    }
}
