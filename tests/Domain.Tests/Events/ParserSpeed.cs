using System.Text;
using Lambda.Domain.Events;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.Domain.Tests.Events;

/// <summary>Prints what parsing and decoding cost on this machine; asserts nothing about it, because test machines are busy.</summary>
public sealed class ParserSpeed(ITestOutputHelper output)
{
    internal const string Typical = """{"event_id":"0a1b2c3d-0000-4000-8000-000000000001","customer_id":"c-0000123","type":"transaction","occurred_at":"2026-03-09T09:30:00.123Z","amount":"42.17","currency":"EUR","direction":"debit","status":"approved","merchant_id":"m-20417","merchant_name":"Café Central","mcc":5812,"category":"restaurants","channel":"contactless","country":"AT","city":"Wien","lat":48.2103,"lon":16.3655,"card_token":"tok_9f8a7c"}""";

    [Fact]
    public void ParseAndRead_WhenTypical_Measure()
    {
        var parser = new EventParser();
        var line = Encoding.UTF8.GetBytes(Typical);
        Assert.True(parser.TryParse(line, EventParserTests.Now, out var parsed, out var why), why.ToString());
        var record = parsed.ToArray();
        var row = new EventRow();

        output.WriteLine($"line {line.Length} bytes, record {record.Length} bytes");
        output.WriteLine($"parse   {NsPerCall(() => parser.TryParse(line, EventParserTests.Now, out _, out _)):F0} ns");
        output.WriteLine($"read    {NsPerCall(() => RecordCodec.Read(record, row)):F0} ns");
        output.WriteLine($"mask    {NsPerCall(() => PanMasker.Contains(line)):F0} ns");
        output.WriteLine($"utf8    {NsPerCall(() => System.Text.Unicode.Utf8.IsValid(line)):F0} ns");
        output.WriteLine($"json    {NsPerCall(() => { var reader = new System.Text.Json.Utf8JsonReader(line); while (reader.Read()) { } }):F0} ns (walk alone)");
        output.WriteLine($"instant {NsPerCall(() => Instants.Parse("2026-03-09T09:30:00.123Z"u8, out _)):F0} ns");
    }

    private static double NsPerCall(Action action)
    {
        const int calls = 100_000;
        var best = double.MaxValue;
        for (var round = 0; round < 6; round++) // the first rounds compile
        {
            var start = Environment.CpuUsage.TotalTime; // of the process: what others do on the machine does not count
            for (var i = 0; i < calls; i++) action();
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / calls);
        }
        return best;
    }
}
