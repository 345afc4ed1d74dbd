using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Generation;
using Lambda.SpeedLayer.Ports;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.SpeedLayer.Tests.Generation;

public sealed class EventGeneratorTests(ITestOutputHelper output)
{
    private const long End = 1_773_050_400_000_000; // 2026-03-09T10:00:00Z

    private static readonly GeneratorOptions Small = new()
    {
        Customers = 300, Events = 60_000, Days = 60, Seed = 7, EndMicros = End, LateRate = 0.05, DuplicateRate = 0.02, UnknownFieldRate = 0.1,
    };

    [Fact]
    public void Stream_WhenParsed_GivesItsOwnRecords()
    {
        var generator = new EventGenerator(Small);
        var parser = new EventParser();
        while (generator.MoveNext())
        {
            Assert.True(parser.TryParse(generator.Line, End, out var record, out var why), $"{why} in {Encoding.UTF8.GetString(generator.Line)}");
            Assert.True(record.SequenceEqual(generator.Record), Encoding.UTF8.GetString(generator.Line));
        }
        Assert.Equal(60_000, generator.Emitted);
    }

    /// <summary>Streams are compared across machines and versions: a new hash here needs a new StreamVersion.</summary>
    [Fact]
    public void Stream_WhenSeedIsTheSame_IsTheSame()
    {
        Assert.Equal(HashOf(Small with { BadLineRate = 0.01 }), HashOf(Small with { BadLineRate = 0.01 }));
        Assert.NotEqual(HashOf(Small), HashOf(Small with { Seed = 8 }));
        Assert.Equal((1, "f5fcdc1c5ab0d9b8"), (EventGenerator.StreamVersion, HashOf(Small)));
    }

    [Fact]
    public void Stream_WhenCounted_KeepsItsRates()
    {
        var generator = new EventGenerator(Small with { BadLineRate = 0.05 });
        var row = new EventRow();
        var types = new Dictionary<string, int>();
        var ids = new HashSet<string>();
        var customers = new HashSet<string>();
        var (extras, disorder, lines) = (0, 0, 0);
        long latest = long.MinValue;
        while (generator.MoveNext())
        {
            lines++;
            if (generator.IsBad) continue;
            RecordCodec.Read(generator.Record.ToArray(), row);
            types[row.Type.Name] = types.GetValueOrDefault(row.Type.Name) + 1;
            ids.Add(Encoding.UTF8.GetString(row.EventId));
            customers.Add(Encoding.UTF8.GetString(row.CustomerId));
            if (RecordCodec.TryFindExtra(row, "campaign"u8, out _, out _)) extras++;
            if (row.OccurredAtMicros < latest) disorder++;
            latest = Math.Max(latest, row.OccurredAtMicros);
            Assert.InRange(row.OccurredAtMicros, End - 60 * Clock.MicrosPerDay, End);
        }
        output.WriteLine(string.Join(", ", types.Select(t => $"{t.Key} {t.Value}")));

        Assert.Equal(9, types.Count);
        Assert.InRange(types["transaction"], 30_000, 48_000);
        Assert.Equal(60_000 - generator.Duplicates, ids.Count);
        Assert.InRange(generator.Duplicates, 900, 1_500);
        Assert.InRange(generator.Late, 2_500, 3_500);
        Assert.InRange(disorder, generator.Late / 2, generator.Late + generator.Duplicates + 600);
        Assert.InRange(extras, 5_000, 7_000);
        Assert.InRange(lines - 60_000, 2_500, 3_800);
        Assert.InRange(customers.Count, 290, 300);
    }

    [Fact]
    public void Stream_WhenNothingIsLate_IsInOrderOfTime()
    {
        var generator = new EventGenerator(Small with { LateRate = 0, DuplicateRate = 0 });
        var row = new EventRow();
        long last = 0;
        while (generator.MoveNext())
        {
            RecordCodec.Read(generator.Record.ToArray(), row);
            Assert.InRange(row.OccurredAtMicros, last - 1_000, End); // cut to milliseconds
            last = row.OccurredAtMicros;
        }
        Assert.InRange(last, End - 3_600_000_000, End);
    }

    [Fact]
    public void BadLines_WhenParsed_AreAllRefused()
    {
        var generator = new EventGenerator(Small with { Events = 4_000, BadLineRate = 0.5 });
        var parser = new EventParser();
        var reasons = new HashSet<string>();
        while (generator.MoveNext())
        {
            if (!generator.IsBad) continue;
            Assert.False(parser.TryParse(generator.Line, End, out _, out var why), Encoding.UTF8.GetString(generator.Line));
            reasons.Add(why.Reason);
        }
        Assert.Superset(new HashSet<string> { "malformed_json", "unknown_type", "missing_field", "too_many_decimals", "card_number", "invalid_utf8", "wrong_type" }, reasons);
    }

    [Fact]
    public void Zipf_WhenDrawn_MakesTheFirstCustomerMostActive()
    {
        var generator = new EventGenerator(new GeneratorOptions { Customers = 1_000, Events = 50_000, Days = 3, EndMicros = End, Zipf = true });
        var counts = new Dictionary<string, int>();
        while (generator.MoveNext())
        {
            var customer = Encoding.UTF8.GetString(RecordCodec.CustomerIdOf(generator.Record));
            counts[customer] = counts.GetValueOrDefault(customer) + 1;
        }
        var harmonic = Enumerable.Range(1, 1_000).Sum(k => 1.0 / k);
        var expected = 50_000 / harmonic;
        Assert.InRange(counts.Values.Max(), expected * 0.5, expected * 1.5);
        Assert.True(counts.Count > 900);
    }

    [Fact]
    public void Fill_WhenAsked_AddsRecordsByPartition()
    {
        var generator = new EventGenerator(Small);
        var batch = new AppendBatch(4);
        Assert.Equal(1_000, generator.Fill(batch, 1_000));
        Assert.Equal(1_000, batch.Count);
        for (var p = 0; p < 4; p++)
            foreach (var (_, record) in new LogFrame(p, 0, batch.CountOf(p), 0, batch.RecordsOf(p)))
                Assert.Equal(p, Partitioner.PartitionOf(RecordCodec.CustomerIdOf(record.Span), 4));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 100, 1)]
    [InlineData(5, 7, 30)]
    [InlineData(3, 0, 2)]
    public void Stream_WhenTiny_GivesExactlySoMany(int customers, long events, int days)
    {
        var generator = new EventGenerator(new GeneratorOptions { Customers = customers, Events = events, Days = days, EndMicros = End });
        while (generator.MoveNext()) { }
        Assert.Equal(events, generator.Emitted);
    }

    [Fact]
    public void Options_WhenWrong_NameTheOption() =>
        Assert.Equal("late_rate: 2, expected 0..0.9", Assert.Throws<ArgumentException>(() => new EventGenerator(Small with { LateRate = 2 })).Message);

    [Fact]
    public void Speed_Measure()
    {
        var generator = new EventGenerator(new GeneratorOptions { Customers = 200_000, Events = 300_000, Days = 30, EndMicros = End, Zipf = true });
        for (var round = 0; round < 3; round++)
        {
            var start = Environment.CpuUsage.TotalTime;
            var count = 0;
            while (count < 100_000 && generator.MoveNext()) count++;
            output.WriteLine($"{count / (Environment.CpuUsage.TotalTime - start).TotalSeconds / 1000:F0} k events per second of processor time");
        }
    }

    private static string HashOf(GeneratorOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var generator = new EventGenerator(options);
        while (generator.MoveNext())
        {
            hash.AppendData(generator.Line);
            hash.AppendData("\n"u8);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
