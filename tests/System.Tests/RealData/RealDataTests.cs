using System.IO.Compression;
using Lambda.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.SystemTests.RealData;

/// <summary>The main job on the two published data sets, wherever they are (see <see cref="Repository.SharedData"/>).</summary>
public sealed class RealDataTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>
    /// By default the first rows of the Handbook do, so that the test stays under 90 s on two cores: all of them, imported twice, take several minutes when
    /// other tests run beside. LAMBDA_WHOLE_DATA=1 takes all.
    /// </summary>
    private const int HandbookRows = 250_000;

    /// <summary>
    /// Each such answer reads raw events in the warehouse, some 40 ms of processor time: the days are older than the tiles that are kept.
    /// LAMBDA_WHOLE_DATA=1 asks for every customer.
    /// </summary>
    private const int EveryNthOfCdnow = 25;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task Cdnow_ImportedAndRecomputed_AnswersAsTheFileSays()
    {
        var file = Find("cdnow/CDNOW_master.txt");
        var rows = Purchases.OfCdnow(file);
        Assert.Equal((69_659, 23_570), (rows.Count, rows.DistinctBy(r => r.Customer).Count()));
        await using var run = new RealDataRun(file, "cdnow.yaml", rows, null, output.WriteLine);
        await run.RunAsync(Whole ? [new DateOnly(1997, 3, 31)] : [new DateOnly(1997, 3, 31), new DateOnly(1998, 6, 30)], Whole ? 1 : EveryNthOfCdnow);
    }

    /// <summary>Under a definition that keeps tiles for ten years, so that windows of 2018 come from both layers and not from raw events.</summary>
    [SkippableFact]
    public async Task Handbook_ImportedAndRecomputed_AnswersAsTheFileSays()
    {
        var file = Find("handbook/transactions-2018-04-01_2018-07-31.csv.gz");
        if (!Whole) file = FirstRows(file, HandbookRows);
        var rows = Purchases.OfHandbook(file);
        await using var run = new RealDataRun(file, "handbook.yaml", rows, WithTilesOfTenYears(), output.WriteLine);
        await run.RunAsync([DateOnly.FromDateTime(rows[rows.Count / 2].At), DateOnly.FromDateTime(rows[^1].At)], everyNth: 1);
    }

    private static bool Whole => Environment.GetEnvironmentVariable("LAMBDA_WHOLE_DATA") == "1";

    private static string Find(string name)
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var file = Path.Combine(Repository.SharedData ?? "", name);
        Skip.IfNot(File.Exists(file), $"the data set {name} is not here: name the folder that holds it in LAMBDA_SHARED_DATA");
        return file;
    }

    private string FirstRows(string file, int rows)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        return _folder.Write("handbook.csv", string.Concat(Lines(text, rows + 1).Select(l => l + "\n")));
    }

    private static IEnumerable<string> Lines(StreamReader text, int count)
    {
        for (; count > 0 && text.ReadLine() is { } line; count--) yield return line;
    }

    private string WithTilesOfTenYears()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "views", "customer360.yaml"));
        return _folder.Write("tiles.yaml", text.Replace("view: customer_360\n", "view: customer_360\ntile_retention_days: 3660\n", StringComparison.Ordinal));
    }
}
