using System.CommandLine;
#if CLUSTER_RUNTIME && KAFKA
using Lambda.Cluster.Clustered;
#endif

namespace Lambda.Cluster.Cli;

/// <summary>`cluster up`: a cluster of several nodes on this machine, to try it.</summary>
internal static class ClusterCommand
{
    private static readonly Option<int> Nodes = new("--nodes") { Description = "How many.", DefaultValueFactory = _ => 3, HelpName = "N" };
    private static readonly Option<int> Partitions = new("--partitions") { Description = "Partitions of the log.", DefaultValueFactory = _ => 6, HelpName = "N" };
    private static readonly Option<int> Port = new("--port") { Description = "Of the first node's API; the next ones count on. 0 takes free ones.", DefaultValueFactory = _ => 8360, HelpName = "PORT" };
    private static readonly Option<string?> Data = new("--data") { Description = "Folder; else a temporary one, deleted at the end.", HelpName = "DIR" };
    private static readonly Option<string?> Kafka = new("--kafka") { Description = "host:port,…; else a mock in memory, which keeps the newest 5 MB of a partition.", HelpName = "SERVERS" };
    private static readonly Option<string?> Postgres = new("--postgres") { Description = "Host=…;Database=…; else a server is started.", HelpName = "CONNECTION" };
    private static readonly Option<string?> Warehouse = new("--warehouse") { Description = "ClickHouse's URL; else the local one is started.", HelpName = "URL" };

    public static Command Create()
    {
        var up = new Command("up", "Start Kafka's mock, PostgreSQL, ClickHouse and nodes on this machine. Prints `ready URL` for each node; Ctrl-C stops all.");
        foreach (var option in new Option[] { Nodes, Partitions, Port, Data, Kafka, Postgres, Warehouse }) up.Options.Add(option);
        up.SetAction(RunAsync);
        return Common.Group("cluster", "The cluster edition.", up);
    }

#if CLUSTER_RUNTIME && KAFKA
    private static async Task<int> RunAsync(ParseResult parse, CancellationToken stop)
    {
        if (parse.GetValue(Data) is not null && parse.GetValue(Kafka) is null)
            throw new CommandException(ExitCode.Usage, "--data: a folder is only kept beside a log that lasts; name it with --kafka, or leave --data out");
        var folder = parse.GetValue(Data) ?? Directory.CreateTempSubdirectory("lambda-cluster-").FullName;
        try
        {
            var options = new LocalClusterOptions(
                folder, parse.GetValue(Nodes), parse.GetValue(Partitions), parse.GetValue(Kafka), parse.GetValue(Postgres), parse.GetValue(Warehouse))
            {
                Port = parse.GetValue(Port),
                Log = (node, line) => Output.Note($"node {node}: {line}"),
            };
            await using var cluster = await LocalCluster.StartAsync(options, stop);
            foreach (var node in cluster.Running) Console.Out.WriteLine($"ready {node.Url.ToString().TrimEnd('/')}");
            await Console.Out.FlushAsync(stop);
            await Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, TaskScheduler.Default);
            Output.Note("stopping; a second signal stops at once");
        }
        finally
        {
            if (parse.GetValue(Data) is null) Directory.Delete(folder, recursive: true);
        }
        Output.Note("stopped");
        return ExitCode.Ok;
    }
#else
    private static Task<int> RunAsync(ParseResult parse, CancellationToken stop) =>
        throw new CommandException(ExitCode.Environment, "this build has no cluster edition, because the package feeds lacked Akka.NET or Confluent.Kafka when it was built");
#endif
}
