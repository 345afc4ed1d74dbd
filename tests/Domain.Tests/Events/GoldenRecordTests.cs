using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Xunit;

namespace Lambda.Domain.Tests.Events;

/// <summary>
/// Log records are a storage format: logs written by an older Lambda must stay readable. A difference here means a new format version, not a new
/// golden file. For a new event type or field run once with LAMBDA_REWRITE_GOLDEN=1 and see that only lines were added or grew at their end.
/// </summary>
public sealed class GoldenRecordTests
{
    [Fact]
    public void Records_WhenEncoded_AreTheCommittedBytes()
    {
        var lines = new StringBuilder();
        var writer = new RecordWriter();
        foreach (var type in EventCatalog.Types) lines.Append(type.Name).Append(' ').Append(Convert.ToHexStringLower(Golden.Of(type, writer))).Append('\n');
        var barrier = new ArrayBufferWriter<byte>();
        RecordCodec.WriteBarrier(new EpochBarrier(300, "run-7", "d4c3b2a1"), barrier);
        lines.Append("(barrier) ").Append(Convert.ToHexStringLower(barrier.WrittenSpan)).Append('\n');

        var file = FileBeside("golden-records.txt");
        if (Environment.GetEnvironmentVariable("LAMBDA_REWRITE_GOLDEN") == "1") File.WriteAllText(file, lines.ToString());
        Assert.Equal(File.ReadAllText(file), lines.ToString());
    }

    [Fact]
    public void GoldenRecords_WhenRead_GiveTheirValues()
    {
        var row = new EventRow();
        foreach (var line in File.ReadLines(FileBeside("golden-records.txt")).Where(l => !l.StartsWith('(')))
        {
            var parts = line.Split(' ');
            RecordCodec.Read(Convert.FromHexString(parts[1]), row);
            Assert.Equal(parts[0], row.Type.Name);
            Assert.Equal(("c-1", "e-1", 1_773_050_400_123_456), (Encoding.UTF8.GetString(row.CustomerId), Encoding.UTF8.GetString(row.EventId), row.OccurredAtMicros));
            Assert.StartsWith("{\"event_id\":\"e-1\",\"customer_id\":\"c-1\",\"type\":\"" + parts[0] + "\",\"occurred_at\":\"2026-03-09T10:00:00.123456Z\"", Encoding.UTF8.GetString(row.Body));
        }
    }

    private static string FileBeside(string name, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, name);
}
