using Lambda.Cluster.Cli;
using Lambda.Cluster.Import;
using Lambda.Serving;
using Lambda.SpeedLayer.Import;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Memory;
using Lambda.SystemTests.Http;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Import;

/// <summary>Imports over HTTP into the real ingress and a log in memory.</summary>
public sealed class ImportRunTests : IAsyncLifetime
{
    private const int Rows = 12_000; // three chunks

    private const string Map = """
        events:
          - type: transaction
            event_id: "{file_hash}:{line}"
            customer_id: "c{who}"
            occurred_at: { column: at, format: yyyyMMdd, zone: UTC }
            amount: { column: sum }
            currency: EUR
            direction: debit
            status: approved
        """;

    private readonly TempFolder _folder = new();
    private readonly MemoryParts _parts = new();
    private readonly MemoryLog _log = new(MemoryParts.P, TimeProvider.System);
    private ApiServer? _server;
    private Client? _client;

    public async Task InitializeAsync()
    {
        _server = await ApiServer.StartAsync(0, (what, e) => Assert.Fail($"{what}: {e}"), default);
        var imports = new FileImportJournal(_folder.Path);
        _server.Attach(_parts.ToParts() with { Intake = new IngressIntake(new EventIngress(_log, _parts.Quarantine, TimeProvider.System)), Imports = imports });
        _client = new Client(_server.Url);
    }

    public async Task DisposeAsync()
    {
        _client!.Dispose();
        await _server!.DisposeAsync();
        await _log.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Run_WhenCutOff_GoesOnWhereItWas()
    {
        var file = Good();
        using var cut = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => New(file).RunAsync(false, _ => cut.Cancel(), cut.Token));
        Assert.Equal(5_000, Appended);

        var report = await New(file).RunAsync(false, _ => { }, default);

        Assert.Equal((true, true, (long)Rows, (long)Rows, 0L), (report.Complete, report.Resumed, report.Rows, report.Events, report.Rejected));
        Assert.Equal(Rows, Appended);
    }

    [Fact]
    public async Task Run_WhenCompleteAlready_SendsNothing()
    {
        var file = Good();
        await New(file).RunAsync(false, _ => { }, default);
        var report = await New(file).RunAsync(false, _ => Assert.Fail("a chunk was sent"), default);
        Assert.Equal((true, (long)Rows), (report.Resumed, report.Rows));
        Assert.Equal(Rows, Appended);
    }

    [Fact]
    public async Task Run_WhenAgain_SendsTheSameEventIds()
    {
        var file = Good();
        await New(file).RunAsync(false, _ => { }, default);
        await New(file).RunAsync(true, _ => { }, default);
        Assert.Equal(2 * Rows, Appended);
        Assert.Equal(Rows, EventIds().Distinct().Count());
    }

    [Fact]
    public async Task Run_WhenRowsAreBad_KeepsThemByFileAndLine()
    {
        var report = await New(SourceFile.Of(_folder.Write("bad.csv", "who,at,sum\n1,20200101,1\n2,yesterday,1\n3,20200103,1.234\n4,20200104\n5,20200105,5\n"))).RunAsync(false, _ => { }, default);

        Assert.Equal((5L, 2L, 3L), (report.Rows, report.Events, report.Rejected));
        var kept = _parts.Quarantine.List(0, 10, null, includeReplayed: true).OrderBy(e => e.Line).ToList();
        Assert.All(kept, e => Assert.Equal("file:bad.csv", e.Source));
        Assert.Equal([(3L, "import_row", "at"), (4L, "too_many_decimals", "amount"), (5L, "import_row", "")], kept.Select(e => (e.Line, e.Reason, e.Field)));
    }

    [Fact]
    public async Task Run_WhenTheHostIsGone_SaysHowToGoOn()
    {
        await _server!.DisposeAsync();
        var e = await Assert.ThrowsAsync<CommandException>(() => New(Good()).RunAsync(false, _ => { }, default));
        Assert.Equal(ExitCode.Environment, e.ExitCode);
    }

    private long Appended => Enumerable.Range(0, MemoryParts.P).Sum(_log.EndOffset);

    private ImportRun New(SourceFile file) => new(_client!, file, ImportMapReader.Read(Map, "map.yaml"));

    private SourceFile Good() => SourceFile.Of(_folder.Write("good.csv", "who,at,sum\n" + string.Concat(Enumerable.Range(1, Rows).Select(i => $"{i % 50},20200101,{i % 90}.25\n"))));

    private IEnumerable<string> EventIds()
    {
        var row = new Domain.Events.EventRow();
        for (var p = 0; p < MemoryParts.P; p++)
            for (long at = 0; at < _log.EndOffset(p);)
                foreach (var frame in _log.Read(p, at, 1 << 20))
                {
                    foreach (var (_, record) in frame)
                    {
                        Domain.Events.RecordCodec.Read(record, row);
                        yield return global::System.Text.Encoding.UTF8.GetString(row.EventId);
                    }
                    at = frame.EndOffset;
                }
    }
}
