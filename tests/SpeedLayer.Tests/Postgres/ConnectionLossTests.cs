using System.Globalization;
using System.Text;
using Lambda.BatchLayer.Runs;
using Lambda.Domain.Events;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Postgres;
using Lambda.SpeedLayer.Postgres.Local;
using Lambda.TestKit;
using Npgsql;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Postgres;

/// <summary>
/// Every store, while its connections are cut in the middle of what it does, and while the server is started anew: a call succeeds, or says that it could not be
/// done; what was acknowledged is there, what was not is there whole or not at all, and the same store works on.
/// </summary>
public sealed class ConnectionLossTests(ConnectionLossTests.OwnServer own) : IClassFixture<ConnectionLossTests.OwnServer>, IAsyncLifetime
{
    private const int Calls = 120;
    private const int CallsMax = 5_000;
    private const int CutsMax = 40;
    private static readonly TimeSpan TryAgain = TimeSpan.FromMilliseconds(5);
    private static int _schemas;

    private PostgresDatabase _database = null!;
    private int _lost;

    /// <summary>A server that may be killed: the collection's is not.</summary>
    public sealed class OwnServer : IAsyncLifetime
    {
        public LocalPostgres? Server { get; private set; }

        public async Task InitializeAsync() => Server = LocalPostgres.WhyAbsent is null ? await LocalPostgres.StartAsync() : null;

        public async Task DisposeAsync()
        {
            if (Server is not null) await Server.DisposeAsync();
        }
    }

    public Task InitializeAsync()
    {
        if (own.Server is { } server) _database = PostgresDatabase.Open(server.ConnectionString, $"lambda_{Interlocked.Increment(ref _schemas)}");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Checkpoints_WhenCut_AreTheLastAcknowledgedOrTheNext(bool restarts)
    {
        PostgresServer.SkipIfNotLocal();
        await using var store = new PostgresCheckpointStore(_database);
        var last = await CountAsync(n => store.Write(0, new Checkpoint(n, 1, default), [.. Enumerable.Range(0, 200).Select(i => Entity(i, n))]), restarts);
        var applied = store.Load(0)!.Applied;
        Assert.InRange(applied, last, last + 1);
        Assert.Equal(applied.ToString(CultureInfo.InvariantCulture), Assert.Single(store.Scan(0).Select(e => Encoding.UTF8.GetString(e.State.Span)).Distinct()));
        Assert.Equal(200, store.Scan(0).Count());
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SinkProgress_WhenCut_IsTheLastAcknowledgedOrTheNextWithItsBarrier(bool restarts)
    {
        PostgresServer.SkipIfNotLocal();
        var store = new PostgresSinkProgressStore(_database, _ => 1);
        var last = await CountAsync(n => store.Save([(0, new SinkProgress(n, n, 0, n)), (1, new SinkProgress(n, n, 0, n))], [(0, n, new SinkProgress(n, n, 0, n))]), restarts);
        var next = store.Load(0).Next;
        Assert.InRange(next, last, last + 1);
        Assert.Equal(next, store.Load(1).Next);
        Assert.NotNull(store.AtBarrier(0, next));
        Assert.Null(store.AtBarrier(0, next + 1));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Facts_WhenCut_AreNeverSetFromAnotherValue(bool restarts)
    {
        PostgresServer.SkipIfNotLocal();
        var facts = new PostgresFacts(_database);
        var last = await CountAsync(n =>
        {
            // As a caller must: one whose answer got lost looks again.
            if (!facts.TrySetFact("n", n == 1 ? null : $"{n - 1}", $"{n}") && facts.Fact("n") != $"{n}") throw new InvalidOperationException($"{n} does not follow {facts.Fact("n")}");
        }, restarts);
        Assert.InRange(long.Parse(facts.Fact("n")!, CultureInfo.InvariantCulture), last, last + 1);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Quarantine_WhenCut_HasEachOnceAndBatchesWhole(bool restarts)
    {
        PostgresServer.SkipIfNotLocal();
        await using var quarantine = new PostgresQuarantine(_database);
        var last = (int)await CountAsync(n => quarantine.Add([Line(n, "a"), Line(n, "b")], once: true), restarts);
        var raw = quarantine.List(0, 10 * last, null, includeReplayed: true).Select(e => Encoding.UTF8.GetString(e.Raw.Span)).ToList();
        Assert.Equal(Enumerable.Range(1, last).SelectMany(n => (string[])[$"{n}a", $"{n}b"]).Order(), raw.Order());
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Journals_WhenCut_LoseNothingAcknowledged(bool restarts)
    {
        PostgresServer.SkipIfNotLocal();
        var (runs, imports) = (new PostgresRunJournal(_database), new PostgresImportJournal(_database));
        var last = await CountAsync(n =>
        {
            runs.AppendAsync(new RunEvent.Sunk("r", n, n)).GetAwaiter().GetResult();
            imports.Put("k", new ImportProgress("f", n, n, n, 0, Complete: false));
        }, restarts);
        Assert.Equal(Enumerable.Range(1, (int)last).Select(n => (long)n), runs.Load().Select(e => e.AtMs).Distinct().Where(n => n <= last));
        Assert.InRange(imports.Get("k")!.DoneLine, last, last + 1);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Leases_WhenCut_AreGrantedToOneAndGenerationsGrow(bool restarts)
    {
        PostgresServer.SkipIfNotLocal();
        var leases = new PostgresLease(_database);
        var generations = new List<long>();
        await CountAsync(_ =>
        {
            var granted = leases.Acquire(0, "a");
            generations.Add(granted.Generation);
            leases.Renew([(0, granted.Generation)]);
        }, restarts);
        Assert.True(generations.Zip(generations.Skip(1)).All(g => g.Second > g.First), string.Join(' ', generations));
        Assert.Equal([true], leases.Renew([(0, generations[^1])]));
    }

    // --- cutting ----------------------------------------------------------------------------------------------------------------

    /// <summary>
    /// Does it for 1, 2, 3 …, each until it succeeds, while connections are cut, or the server is started anew; on until one was cut in the middle of it: on a busy machine all could
    /// be done before.
    /// </summary>
    /// <returns>The last that was acknowledged.</returns>
    private async Task<long> CountAsync(Action<int> call, bool restarts)
    {
        using var killed = new ManualResetEventSlim(!restarts);
        var last = 0;
        var calling = Task.Run(() =>
        {
            while (last < Calls || (Volatile.Read(ref _lost) == 0 && last < CallsMax))
            {
                if (last == Calls / 2) killed.Wait();
                while (!Try(call, last + 1)) Thread.Sleep(TryAgain);
                last++;
            }
        });
        var cutting = Task.Run(() => CutAsync(calling, restarts, killed));
        await calling.WaitAsync(TimeSpan.FromMinutes(2));
        await cutting;
        Assert.True(Volatile.Read(ref _lost) > 0, "nothing was ever cut in the middle");
        return last;
    }

    private bool Try(Action<int> call, int n)
    {
        try
        {
            call(n);
            return true;
        }
        catch (Exception e) when (e is StorageException { IsTransient: true } or CheckpointWriteException { InnerException: StorageException { IsTransient: true } })
        {
            Interlocked.Increment(ref _lost);
            return false;
        }
    }

    private async Task CutAsync(Task until, bool restarts, ManualResetEventSlim killed)
    {
        if (restarts)
        {
            own.Server!.Kill();
            killed.Set();
            await own.Server.StartAsync();
            return;
        }
        await using var source = NpgsqlDataSource.Create(own.Server!.ConnectionString);
        for (var cuts = 0; (cuts < CutsMax || Volatile.Read(ref _lost) == 0) && !until.IsCompleted; cuts++)
        {
            // Those in the middle of something: an idle one that is dead is found before anything is sent.
            await using var command = source.CreateCommand("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'lambda' AND (state <> 'idle' OR random() < 0.2)");
            await command.ExecuteScalarAsync();
        }
    }

    private static StoredEntity Entity(int i, int n) => new(CustomerId.From($"c{i:d3}"), Encoding.UTF8.GetBytes($"{n}"));

    private static QuarantineEntry Line(int n, string which) => new(0, 1, "http", n, "", "reason", "", Encoding.UTF8.GetBytes($"{n}{which}"));
}
