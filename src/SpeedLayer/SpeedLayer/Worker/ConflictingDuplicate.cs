using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>How a later copy of a known event that says something else goes to quarantine.</summary>
public static class ConflictingDuplicate
{
    public static QuarantineEntry Entry(int partition, EventRow row) => new(
        0, row.AppendedAtMs, "log", 0, "event_id", "conflicting_duplicate",
        $"the event at {new Position(partition, row.Offset)} repeats a known event_id of this customer with another content; the first copy counts",
        row.Body.ToArray());
}
