using System.IO.Compression;
using System.Text;
using Lambda.SpeedLayer.Import;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Import;

public sealed class ImportReaderTests : IDisposable
{
    private const string Events = """
        events:
          - type: transaction
            event_id: "{file_name}-{line}"
            customer_id: "c{who}"
            occurred_at: { column: at, format: yyyyMMdd, zone: UTC }
            amount: { column: sum }
            currency: EUR

        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_WhenWhiteSpaceSeparates_SkipsHeadAndCountsLines()
    {
        var lines = Lines("head\n 1  20200101  2.50\r\n\r\n2\t20200102 3\n", "file: { delimiter: whitespace, skip_lines: 1, columns: [who, at, sum] }\n" + Events);
        Assert.Equal(
            [
                """2 {"type":"transaction","event_id":"in.csv-2","customer_id":"c1","occurred_at":"2020-01-01T00:00:00Z","amount":"2.50","currency":"EUR"}""",
                """4 {"type":"transaction","event_id":"in.csv-4","customer_id":"c2","occurred_at":"2020-01-02T00:00:00Z","amount":"3","currency":"EUR"}""",
            ],
            lines);
    }

    [SkippableFact]
    public async Task File_WhenItIsAPipe_IsRefusedWithWhatToDo()
    {
        Skip.IfNot(OperatingSystem.IsLinux());
        var pipe = Path.Combine(_folder.Path, "pipe");
        using (var made = System.Diagnostics.Process.Start("mkfifo", pipe)) await made.WaitForExitAsync();
        var writing = Task.Run(() => File.WriteAllText(pipe, "who,at,sum\n"));
        Assert.Contains("write it to a file", Assert.Throws<IOException>(() => SourceFile.Of(pipe)).Message);
        await Task.WhenAny(writing); // it may find the other end closed
    }

    [Fact]
    public void Read_WhenQuotedAndCommented_FollowsRfc4180()
    {
        var lines = Lines("who;sum;at\n# note\n\"a;\"\"b\"\"\n2\";\"1\";20200101\n\nx;2;20200102\n", "file: { delimiter: \";\", comment: \"#\" }\n" + Events);
        Assert.Equal(2, lines.Count);
        Assert.StartsWith("3 ", lines[0], StringComparison.Ordinal);
        Assert.Contains("""
            "customer_id":"ca;\"b\"\n2"
            """, lines[0], StringComparison.Ordinal);
        Assert.StartsWith("6 ", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WhenPacked_IsTheSameFile()
    {
        const string text = "who,at,sum\n1,20200101,2\n";
        var plain = SourceFile.Of(_folder.Write("a.csv", text));
        var packed = Path.Combine(_folder.Path, "b.csv");
        using (var gzip = new GZipStream(File.Create(packed), CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(text));

        Assert.Equal(plain.Hash, SourceFile.Of(packed).Hash);
        Assert.Single(Lines(SourceFile.Of(packed), Events));
    }

    [Fact]
    public void Read_WhenLatin1_IsDecoded()
    {
        var file = Path.Combine(_folder.Path, "l.csv");
        File.WriteAllBytes(file, Encoding.Latin1.GetBytes("who,at,sum\nZoë,20200101,2\n"));
        Assert.Contains("cZoë", Lines(SourceFile.Of(file), "file: { encoding: latin1 }\n" + Events)[0], StringComparison.Ordinal);
        var undeclared = Assert.Single(Chunks(SourceFile.Of(file), Events)[0].BadRows);
        Assert.Contains("encoding", undeclared.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WhenARowCannotBeRead_KeepsItWithItsPlace()
    {
        var chunk = Assert.Single(Chunks(Source("who,at,sum\n1,20200101,2\n2,01.02.2020,3\n3,20200103\n4,20200104,5\n"), Events));
        Assert.Equal([(3L, "at"), (4L, "")], chunk.BadRows.Select(b => (b.Line, b.Column)));
        Assert.Equal("occurred_at: found `01.02.2020`, expected a time as yyyyMMdd", chunk.BadRows[0].Reason);
        Assert.Equal("2,01.02.2020,3", chunk.BadRows[0].Raw);
        Assert.Equal(2, chunk.Bodies[0].Events);
    }

    [Fact]
    public void Read_WhenARowYieldsSeveralEvents_SendsAllOrNone()
    {
        const string map = """
            events:
              - { type: login, event_id: "l{line}", customer_id: "{who}", occurred_at: { column: at, format: unix }, success: { column: ok } }
              - when: { ok: ["0", "no"] }
                unless: { who: nobody }
                type: app_event
                event_id: "a{line}"
                customer_id: "{who}"
                occurred_at: { column: at, format: unix_ms, plus: 2h }
                name: { column: why, values: { a: first, b: second }, default: other }
            """;
        var chunk = Assert.Single(Chunks(Source("who,at,ok,why\nx,1,yes,a\nx,2,0,a\nx,3,no,zzz\nnobody,4,no,b\nx,5,maybe,a\nx,nan,0,a\n"), map));
        Assert.Equal(4, chunk.Bodies[0].Events);
        Assert.Equal(2, chunk.Bodies[1].Events);
        Assert.Equal([6L, 7L], chunk.BadRows.Select(b => b.Line));
        Assert.Equal(
            [
                """3 {"type":"app_event","event_id":"a3","customer_id":"x","occurred_at":"1970-01-01T02:00:00.002Z","name":"first"}""",
                """4 {"type":"app_event","event_id":"a4","customer_id":"x","occurred_at":"1970-01-01T02:00:00.003Z","name":"other"}""",
            ],
            Numbered(chunk, 1));
    }

    [Theory]
    [InlineData("2020-07-01 12:00:00", "2020-07-01T10:00:00Z")] // summer time
    [InlineData("2020-01-01 12:00:00", "2020-01-01T11:00:00Z")]
    [InlineData("2020-10-25 02:30:00", "2020-10-25T01:30:00Z")] // comes twice: standard time
    [InlineData("2020-03-29 02:30:00", null)] // does not exist
    public void Read_WhenTimesAreLocal_BringsThemToUtc(string local, string? utc)
    {
        var map = Events.Replace("format: yyyyMMdd, zone: UTC", "format: \"yyyy-MM-dd HH:mm:ss\", zone: Europe/Vienna", StringComparison.Ordinal);
        var chunk = Assert.Single(Chunks(Source($"who,at,sum\n1,{local},2\n"), map));
        if (utc is null) Assert.Contains("exists", Assert.Single(chunk.BadRows).Reason, StringComparison.Ordinal);
        else Assert.Contains($"\"occurred_at\":\"{utc}\"", Numbered(chunk, 0)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WhenResumed_GoesOnBehindTheLine()
    {
        var source = Source("who,at,sum\n" + string.Concat(Enumerable.Range(1, 25).Select(i => $"{i},20200101,{i}\n")));
        var whole = Chunks(source, Events, rowsPerChunk: 10);
        Assert.Equal([(2L, 11L), (12L, 21L), (22L, 26L)], whole.Select(c => (c.FirstLine, c.LastLine)));
        var rest = Chunks(source, Events, afterLine: 21, rowsPerChunk: 10);
        Assert.Equal(Numbered(whole[2], 0), Numbered(Assert.Single(rest), 0));
    }

    [Theory]
    [InlineData("delimiter: abc", "found `abc`, expected one ASCII character, `tab` or `whitespace`")]
    [InlineData("encoding: klingon", "unknown encoding `klingon`")]
    [InlineData("colums: [a]", "unknown name `colums`")]
    [InlineData("skip_lines: x", "skip_lines: expected a whole number")]
    public void Map_WhenTheFilePartIsWrong_NamesThePlace(string wrong, string expected) => AssertWrong($"file:\n  {wrong}\n{Events}", "map.yaml:2:", expected);

    [Theory]
    [InlineData("customer_id: \"c{who}\"", "customer_id: \"c{who\"", "without a name and `}`")]
    [InlineData("customer_id: \"c{who}\"", "customer: x", "an event needs customer_id")]
    [InlineData("zone: UTC", "zone: Europe/Atlantis", "unknown time zone `Europe/Atlantis`")]
    [InlineData("zone: UTC", "plus: soon", "expected a whole number with d, h, m or s")]
    [InlineData("{ column: sum }", "{ column: sum, format: x }", "`format` is for days and instants")]
    [InlineData("{ column: sum }", "{ colum: sum }", "unknown name `colum`")]
    [InlineData("{ column: sum }", "{ type: int64 }", "expected `column:` or `template:`")]
    public void Map_WhenATemplateIsWrong_NamesThePlace(string good, string wrong, string expected) => AssertWrong(Events.Replace(good, wrong, StringComparison.Ordinal), "map.yaml:", expected);

    [Fact]
    public void Map_WhenItNamesAColumnTheFileLacks_NamesIt()
    {
        AssertWrong("file: { columns: [who, at] }\n" + Events, "map.yaml:7:", "unknown column `sum`");
        var e = Assert.Throws<ImportMapException>(() => Chunks(Source("who,at\n1,2\n"), Events));
        Assert.Contains("has no column `sum`; its columns are who, at", e.Message, StringComparison.Ordinal);
    }

    private static void AssertWrong(string map, string place, string expected)
    {
        var e = Assert.Throws<ImportMapException>(() => ImportMapReader.Read(map, "map.yaml"));
        Assert.StartsWith(place, e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    private SourceFile Source(string text) => SourceFile.Of(_folder.Write("in.csv", text));

    private List<string> Lines(string text, string map) => Lines(Source(text), map);

    private static List<string> Lines(SourceFile file, string map) => [.. Chunks(file, map).SelectMany(c => Numbered(c, 0))];

    private static List<ImportChunk> Chunks(SourceFile file, string map, long afterLine = 0, int rowsPerChunk = 1000) =>
        [.. ImportReader.Read(file, ImportMapReader.Read(map, "map.yaml"), afterLine, rowsPerChunk)];

    /// <summary>The lines of a body that are not blank, each behind the file's line it stands for.</summary>
    private static List<string> Numbered(ImportChunk chunk, int body) =>
        [.. Encoding.UTF8.GetString(chunk.Bodies[body].Lines.Span).Split('\n').Select((text, i) => (text, line: chunk.FirstLine + i)).Where(l => l.text.Length > 0).Select(l => $"{l.line} {l.text}")];
}
