#if CLUSTER_RUNTIME
using Akka.Actor;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;
using Lambda.Cluster.Actors.Node;
using Lambda.Cluster.Actors.Runs;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Npgsql;
using Xunit;

namespace Lambda.ClusterTests.Runs;

/// <summary>The journal that the cluster's runs are driven by: the run actor's own, through Akka.Persistence.Sql on PostgreSQL, with a node's settings.</summary>
public sealed class ActorRunJournalTests(PostgresServer server) : RunJournalSuite, IClassFixture<PostgresServer>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private string? _database;

    protected override IRunJournal Open()
    {
        var system = ActorSystem.Create("lambda", NodeConfig.Of(new NodeOptions("127.0.0.1", 0, [], NodeOptions.AllRoles, Database())));
        var recovered = new TaskCompletionSource<IRunJournal>(TaskCreationOptions.RunContinuationsAsynchronously);
        system.ActorOf(Props.Create(() => new RunActor(journal => new NoRuns(recovered, journal), (_, e) => recovered.TrySetException(e), TimeProvider.System, TaskScheduler.Default)));
        return new Opened(recovered.Task.WaitAsync(Patience).GetAwaiter().GetResult(), system);
    }

    /// <summary>Each test's own: the journal's tables and the actor's name are the same in all.</summary>
    private string Database()
    {
        if (_database is not null) return _database;
        var name = $"runs_{Guid.NewGuid():N}";
        server.Execute($"CREATE DATABASE {name}");
        return _database = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = name }.ToString();
    }

    private sealed class Opened(IRunJournal journal, ActorSystem system) : IRunJournal, IDisposable
    {
        public IReadOnlyList<RunEvent> Load() => journal.Load();

        public Task AppendAsync(RunEvent happened) => journal.AppendAsync(happened);

        public void Dispose() => system.Terminate().Wait(Patience);
    }

    private sealed class NoRuns : IRunDriver
    {
        public NoRuns(TaskCompletionSource<IRunJournal> recovered, IRunJournal journal) => recovered.TrySetResult(journal);

        public Publication Served => throw new NotSupportedException();
        public IReadOnlyList<RunReport> List(int limit) => [];
        public ValueTask<RunStart> StartAsync(CancellationToken cancel) => throw new NotSupportedException();
        public ValueTask<RunAbandon?> AbandonAsync(string run, CancellationToken cancel) => throw new NotSupportedException();
        public Task<TimeSpan> StepAsync(CancellationToken cancel) => Task.FromResult(TimeSpan.FromSeconds(1));
    }
}
#endif
