using System.Diagnostics;
using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Postgres;
using Lambda.SpeedLayer.Postgres.Local;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Postgres;

/// <summary>kill -9 of a real PostgreSQL while checkpoints are written: the old state or the new one, whole; and the same store works on.</summary>
public sealed class ServerKillTests
{
    private const int Customers = 5_000;

    [SkippableFact]
    public async Task Checkpoint_WhenTheServerIsKilledInTheMiddle_IsOneOfThoseWrittenAndNotOlderThanAcknowledged()
    {
        PostgresServer.SkipIfNotLocal();
        await using var server = await LocalPostgres.StartAsync();
        await using var database = PostgresDatabase.Open(server.ConnectionString);
        await using var store = new PostgresCheckpointStore(database);
        var random = new Random(5);
        long next = 1, cut = 0;
        for (var round = 0; round < 5; round++)
        {
            var writer = new Writer(store, next, until: next + 1 + round);
            await writer.Acknowledged;
            await Task.Delay(random.Next(100)); // somewhere in a later checkpoint
            server.Kill();
            var fault = await writer.Fault;
            Assert.True(fault.InnerException is StorageException { IsTransient: true }, fault.ToString());
            Assert.Throws<StorageException>(() => store.Load(0));
            await server.StartAsync();
            var applied = store.Load(0)!.Applied;
            Assert.InRange(applied, writer.Last, writer.Last + 1);
            if (applied == writer.Last) cut++;
            var states = store.Scan(0).Select(e => Encoding.UTF8.GetString(e.State.Span).TrimEnd('.')).ToList();
            Assert.Equal(Customers, states.Count);
            Assert.All(states, s => Assert.Equal($"{applied}", s));
            next = applied + 1;
        }
        Assert.True(cut > 0, "no checkpoint was ever cut off: the kills came too late");
    }

    [SkippableFact]
    public async Task Lease_WhenTheServerIsKilled_ItsGenerationsGoOn()
    {
        PostgresServer.SkipIfNotLocal();
        await using var server = await LocalPostgres.StartAsync();
        await using var database = PostgresDatabase.Open(server.ConnectionString);
        var leases = new PostgresLease(database);
        Assert.Equal(1, leases.Acquire(0, "a").Generation);
        Assert.Equal(2, leases.Acquire(0, "a").Generation);
        server.Kill();
        Assert.Throws<StorageException>(() => leases.Renew([(0, 2)]));
        await server.StartAsync();
        Assert.Equal([true], leases.Renew([(0, 2)]));
        Assert.Equal(3, leases.Acquire(0, "a").Generation);
    }

    [SkippableFact]
    public async Task LocalPostgres_WhenWhoStartedItIsKilled_EndsAndLeavesNothing()
    {
        PostgresServer.SkipIfNotLocal();
        using var starter = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Lambda.CrashWriter.dll"), "postgres"]) { RedirectStandardOutput = true })!;
        var said = (await starter.StandardOutput.ReadLineAsync())!.Split(' ');
        using var server = Process.GetProcessById(int.Parse(said[0]));
        Assert.True(Directory.Exists(said[1]));
        starter.Kill();
        await server.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Directory.Exists(said[1])) await Task.Delay(20, deadline.Token); // the shell's last deed, which nothing else tells
    }

    /// <summary>Writes numbered checkpoints of the same customers until the store fails.</summary>
    private sealed class Writer
    {
        private readonly TaskCompletionSource _acknowledged = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _last;

        public Writer(PostgresCheckpointStore store, long from, long until)
        {
            _last = from - 1;
            Fault = Task.Run(() =>
            {
                try
                {
                    for (var number = from; ; number++)
                    {
                        var state = Encoding.UTF8.GetBytes($"{number}{new string('.', 500)}");
                        store.Write(0, new Checkpoint(number, 1, default), [.. Enumerable.Range(0, Customers).Select(i => new StoredEntity(CustomerId.From($"c{i}"), state))]);
                        Interlocked.Exchange(ref _last, number);
                        if (number >= until) _acknowledged.TrySetResult();
                    }
                }
                catch (CheckpointWriteException e)
                {
                    _acknowledged.TrySetResult();
                    return e;
                }
            });
        }

        public long Last => Interlocked.Read(ref _last);
        public Task Acknowledged => _acknowledged.Task;
        public Task<CheckpointWriteException> Fault { get; }
    }
}
