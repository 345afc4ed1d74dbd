using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Simulation;

/// <summary>An event record with its place in a partition's log.</summary>
public sealed record LoggedEvent(ReadOnlyMemory<byte> Record, long Offset, long AppendedAtMs)
{
    /// <summary>A decoded row of its own: it stays valid.</summary>
    public EventRow ToRow()
    {
        var row = new EventRow { Offset = Offset, AppendedAtMs = AppendedAtMs };
        RecordCodec.Read(Record, row);
        return row;
    }

    public string EventId => Encoding.UTF8.GetString(ToRow().EventId);
}
