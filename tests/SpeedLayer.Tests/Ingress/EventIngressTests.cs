using System.IO.Pipelines;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Ingress;

public sealed class EventIngressTests
{
    private const int Partitions = 3;

    private readonly MemoryLog _log = new(Partitions, TimeProvider.System);
    private readonly MemoryQuarantine _quarantine = new();
    private readonly EventIngress _ingress;

    public EventIngressTests() => _ingress = new EventIngress(_log, _quarantine, TimeProvider.System);

    [Fact]
    public async Task Ingest_WhenLinesAreMixed_AppendsTheGoodAndQuarantinesTheBad()
    {
        var done = await DoneAsync(Login("a", 1) + "\r\n\r\n  \n" + "oops\n" + Login("b", 2) + "\n" + """{"type":"login"}""");

        Assert.Equal(2, done.Accepted);
        Assert.Equal([(4, "", "malformed_json"), (6, "event_id", "missing_field")], done.Refused.Select(r => (r.Line, r.Field, r.Reason)));
        Assert.Equal([(4, "http", "oops"), (6, "http", """{"type":"login"}""")], _quarantine.List(0, 10, null, false).Select(e => (e.Line, e.Source, Text(e.Raw.Span))));
        Assert.Equal(["a", "b"], Customers());
        foreach (var position in done.Positions) Assert.Equal(_log.EndOffset(position.Partition) - 1, position.Offset);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n\r\n\t")]
    [InlineData("[]")]
    [InlineData(" [ ] \n")]
    public async Task Ingest_WhenBodyHoldsNothing_AcceptsNothing(string body)
    {
        var done = await DoneAsync(body);
        Assert.Equal((0, 0, 0), (done.Accepted, done.Refused.Count, done.Positions.Count));
    }

    /// <summary>However the bytes are cut into pieces, the outcome is the same: for lines and for arrays.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ingest_WhenBodyComesInPieces_GivesTheSame(bool array)
    {
        string[] parts = [Login("a", 1), Login("b", 2).Replace("}", ",\"note\":\"] , [ \\\" { \\\\\"}"), "{\"x\":", Login("ü", 3).Replace("}", ",\"d\":[{\"e\":[]},1]}"), "7"];
        var body = array ? "\n [" + string.Join(" ,\n", parts.Where(p => p != "{\"x\":").Append("{]")) : "\uFEFF" + string.Join("\n", parts);
        body += array ? "]" : "";
        var whole = await DoneAsync(body);
        Assert.Equal(3, whole.Accepted);
        Assert.Equal(2, whole.Refused.Count);

        var bytes = Encoding.UTF8.GetBytes(body);
        foreach (var size in Enumerable.Range(1, 40))
        {
            var again = (IngestResult.Done)await _ingress.IngestAsync(PipeReader.Create(new Trickle(bytes, size)), "http", 1, default);
            Assert.Equal(whole.Accepted, again.Accepted);
            Assert.Equal(whole.Refused, again.Refused);
        }
    }

    [Theory]
    [InlineData("[{A},{B}]", 2, "")]
    [InlineData("[{A},{B}", 1, "2:malformed_json")]
    [InlineData("[{A},{B},", 2, "3:malformed_json")]
    [InlineData("[{A},{B},]", 2, "3:malformed_json")]
    [InlineData("[{A},,{B}]", 2, "2:malformed_json")]
    [InlineData("[{A} {B}]", 0, "1:malformed_json")]
    [InlineData("[{A},{B}] x", 2, "3:malformed_json")]
    [InlineData("[{A},1,null,[],\"]\",{B}]", 2, "2:not_an_object 3:not_an_object 4:not_an_object 5:not_an_object")]
    [InlineData("[{A}\n]\n[{B}]", 1, "2:malformed_json")]
    [InlineData("[", 0, "1:malformed_json")]
    public async Task Ingest_WhenArrayIsOdd_JudgesEachElement(string body, int accepted, string refused)
    {
        var done = await DoneAsync(body.Replace("{A}", Login("a", 1)).Replace("{B}", Login("b", 2)));

        Assert.Equal(accepted, done.Accepted);
        Assert.Equal(refused, string.Join(' ', done.Refused.Select(r => $"{r.Line}:{r.Reason}")));
    }

    [Fact]
    public async Task Ingest_When10000BadLinesStandAmongGoodOnes_TellsEachOfThem()
    {
        var lines = Enumerable.Range(0, 20_000).Select(i => i % 2 == 0 ? Login($"c{i % 7}", i) : $"bad line {i}");
        var done = await DoneAsync(string.Join('\n', lines));

        Assert.Equal(10_000, done.Accepted);
        Assert.Equal(Enumerable.Range(1, 10_000).Select(i => i * 2L), done.Refused.Select(r => r.Line));
        Assert.Equal(10_000, _quarantine.Counts()["malformed_json"]);
        Assert.Equal(10_000, Customers().Count);
    }

    [Fact]
    public async Task Ingest_WhenALineIsTooLong_QuarantinesItWhole()
    {
        var huge = Login("a", 1).Replace("}", $",\"x\":\"{new string('y', Limits.LineBytes)}\"}}");
        var done = await DoneAsync(huge + "\n" + Login("b", 2));

        Assert.Equal((1, new RefusedLine(1, "", "line_too_long", $"{huge.Length} bytes, expected at most 262144")), (done.Accepted, done.Refused.Single()));
        Assert.Equal(huge, Text(_quarantine.List(0, 1, null, false)[0].Raw.Span));
    }

    [Theory]
    [InlineData("{\"card\":\"4111 1111 1111 1111\"}", "{\"card\":\"**** **** **** 1111\"}", "card_number")]
    [InlineData("not json 5555555555554444", "not json ************4444", "card_number")]
    public async Task Ingest_WhenCardNumber_QuarantinesItMasked(string line, string kept, string reason)
    {
        var done = await DoneAsync(line);

        Assert.Equal((0, reason), (done.Accepted, done.Refused.Single().Reason));
        var entry = _quarantine.List(0, 1, null, false).Single();
        Assert.Equal(kept, Text(entry.Raw.Span));
        Assert.False(PanMasker.Contains(Encoding.UTF8.GetBytes(entry.Field + " " + entry.Detail)));
    }

    [Fact]
    public async Task Ingest_WhenLineIsNotUtf8_KeepsItsBytes()
    {
        byte[] line = [.. "{\"a\":\""u8, 0xff, 0xfe, .. "\"}"u8];
        await _ingress.IngestAsync(PipeReader.Create(new(line)), "file:x", 100, default);

        var entry = _quarantine.List(0, 1, null, false).Single();
        Assert.Equal(("invalid_utf8", "file:x", 100), (entry.Reason, entry.Source, entry.Line));
        Assert.Equal(line, entry.Raw.ToArray());
    }

    [Fact]
    public async Task Ingest_WhenBodyIsTooLarge_AppendsAndKeepsNothing()
    {
        var small = new EventIngress(_log, _quarantine, TimeProvider.System, new IngressLimits { BodyBytes = 500 });
        var result = await small.IngestAsync(Body(Login("a", 1) + "\noops\n" + new string(' ', 500)), "http", 1, default);

        Assert.Equal(new IngestResult.TooLarge("request body in bytes", 500), result);
        AssertNothingHappened(small);
    }

    [Fact]
    public async Task Ingest_WhenTooManyLinesAreBad_RefusesTheRequest()
    {
        var strict = new EventIngress(_log, _quarantine, TimeProvider.System, new IngressLimits { RefusedLines = 3 });
        var result = await strict.IngestAsync(Body(Login("a", 1) + "\n1\n2\n3\n4"), "http", 1, default);

        Assert.Equal(new IngestResult.TooLarge("bad lines of one request", 3), result);
        AssertNothingHappened(strict);
    }

    [Fact]
    public async Task Ingest_WhenLogIsFull_AppendsNothingAndSaysWhen()
    {
        _log.Full = true;
        Assert.Equal(new IngestResult.Busy("log", TimeSpan.FromSeconds(1)), await _ingress.IngestAsync(Body(Login("a", 1)), "http", 1, default));
        AssertNothingHappened(_ingress);

        _log.Full = false;
        Assert.Equal(1, (await DoneAsync(Login("a", 1))).Accepted);
    }

    [Fact]
    public async Task Ingest_WhenOthersFillTheBound_IsToldToComeBack()
    {
        var narrow = new EventIngress(_log, _quarantine, TimeProvider.System, new IngressLimits { PendingBytes = 100 });
        var slow = new Pipe();
        var first = narrow.IngestAsync(slow.Reader, "http", 1, default).AsTask();
        await slow.Writer.WriteAsync(new byte[90]);
        while (narrow.PendingBytes == 0) await Task.Yield();

        Assert.Equal(new IngestResult.Busy("ingress", TimeSpan.FromSeconds(1)), await narrow.IngestAsync(Body(Login("a", 1)), "http", 1, default));

        await slow.Writer.CompleteAsync();
        await first;
        Assert.IsType<IngestResult.Done>(await narrow.IngestAsync(Body(Login("a", 1)), "http", 1, default)); // alone it may be larger
    }

    [Fact]
    public async Task Ingest_WhenCallerGoesAway_AppendsNothing()
    {
        using var cancel = new CancellationTokenSource();
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(Login("a", 1) + "\n"));
        var ingesting = _ingress.IngestAsync(pipe.Reader, "http", 1, cancel.Token).AsTask();
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ingesting);
        AssertNothingHappened(_ingress);
    }

    [Fact]
    public async Task Ingest_WhenTheSameBadBodyComesTwice_KeepsItOnce()
    {
        await DoneAsync("oops\n" + Login("a", 1));
        await DoneAsync("oops\n" + Login("a", 1));
        Assert.Equal(1, _quarantine.Counts()["malformed_json"]);
    }

    [Fact]
    public async Task IngestEncoded_WhenBatchIsGiven_AppendsIt()
    {
        var batch = new AppendBatch(Partitions);
        var record = new RecordWriter().Begin(EventCatalog.Login, "a"u8, "e"u8, 0).SetBool(EventCatalog.Success, true).Finish();
        batch.Add(Partitioner.PartitionOf("a"u8, Partitions), record);

        var done = Assert.IsType<IngestResult.Done>(await _ingress.IngestEncodedAsync(batch, default));

        Assert.Equal((1, 1, 0L), (done.Accepted, done.Positions.Count, _ingress.PendingBytes));
    }

    [Fact]
    public void Refuse_WhenSourceGivesARow_MasksIt()
    {
        _ingress.Refuse([new QuarantineEntry(0, 1, "file:a.csv", 7, "4111111111111111", "bad_row", "found 4111111111111111", Encoding.UTF8.GetBytes("x;4111111111111111"))]);

        var entry = _quarantine.List(0, 1, null, false).Single();
        Assert.Equal(("************1111", "found ************1111", "x;************1111"), (entry.Field, entry.Detail, Text(entry.Raw.Span)));
    }

    private void AssertNothingHappened(EventIngress ingress)
    {
        Assert.Equal((0, 0, 0L), (Customers().Count, _quarantine.Counts().Count, ingress.PendingBytes));
    }

    private async Task<IngestResult.Done> DoneAsync(string body) => Assert.IsType<IngestResult.Done>(await _ingress.IngestAsync(Body(body), "http", 1, default));

    private static PipeReader Body(string text) => PipeReader.Create(new(Encoding.UTF8.GetBytes(text)));

    private List<string> Customers()
    {
        var customers = new List<string>();
        for (var p = 0; p < Partitions; p++)
            for (long next = 0; _log.Read(p, next, 1 << 20) is { Count: > 0 } frames; next = frames[^1].EndOffset)
                foreach (var frame in frames)
                    foreach (var (_, record) in frame) customers.Add(Text(RecordCodec.CustomerIdOf(record.Span)));
        return [.. customers.Order()];
    }

    private static string Login(string customer, int id) =>
        $$"""{"event_id":"e{{id}}","customer_id":"{{customer}}","type":"login","occurred_at":"2024-05-06T07:08:09Z","success":true}""";

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class Trickle(byte[] bytes, int size) : Stream
    {
        private int _at;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => _at; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var taken = Math.Min(Math.Min(size, count), bytes.Length - _at);
            Array.Copy(bytes, _at, buffer, offset, taken);
            _at += taken;
            return taken;
        }

        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
