using Lambda.Domain.Identity;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>An identity log for tests and simulations, of encoded records as the others are.</summary>
public sealed class MemoryIdentityLog : IIdentityLog
{
    private readonly List<string> _records = [];

    public IReadOnlyList<NumberedRecord> After(long number, int limit)
    {
        lock (_records) return [.. _records.Skip((int)number).Take(limit).Select((r, i) => new NumberedRecord(number + i + 1, IdentityCodec.Read(r)))];
    }

    public bool TryAppend(long last, IdentityRecord record)
    {
        lock (_records)
        {
            if (_records.Count != last) return false;
            _records.Add(IdentityCodec.Write(record));
            return true;
        }
    }

    public long Blank(IReadOnlyCollection<Guid> links)
    {
        var blanked = 0L;
        lock (_records)
            for (var i = 0; i < _records.Count; i++)
            {
                var record = IdentityCodec.Read(_records[i]);
                if (record is not (IdentityRecord.Linked or IdentityRecord.Unlinked) || !links.Contains(record.Id)) continue;
                _records[i] = IdentityCodec.Write(new IdentityRecord.Blank(record.Id));
                blanked++;
            }
        return blanked;
    }
}
