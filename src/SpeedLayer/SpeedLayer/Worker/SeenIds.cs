using System.Buffers;
using System.Buffers.Binary;

namespace Lambda.SpeedLayer.Worker;

public enum Sighting { First, Repeat, Conflict }

/// <summary>
/// The event ids a customer has used within the dedup horizon: an open-addressing table of 24-byte entries. An entry counts while it is
/// younger than the horizon in append time, whether or not it was physically removed: so replay decides as the first pass did. A repeat renews
/// its entry, or replay from a later start would remember a chain of repeats differently.
/// </summary>
public struct SeenIds
{
    private const int EntryBytes = 24;

    private struct Entry
    {
        public UInt128 Id; // keyed 128-bit hash; zero marks a free place
        public uint AppendedAtSecond;
        public uint Content; // folded content hash: one in 4 billion conflicting duplicates passes for a repeat, which changes no number
    }

    private Entry[]? _table;
    private int _used;

    /// <summary>Managed bytes held.</summary>
    public readonly int ApproximateBytes => _table is null ? 0 : 24 + _table.Length * EntryBytes;

    /// <summary>Remembers an id at an append time and tells whether it was there within the horizon.</summary>
    public Sighting Observe(UInt128 id, ulong contentHash, uint appendedAtSecond, uint horizonSeconds)
    {
        if (id == 0) id = 1;
        var content = (uint)(contentHash ^ contentHash >> 32);
        if (_table is null || (_used + 1) * 8 > _table.Length * 7) Grow(appendedAtSecond, horizonSeconds);
        ref var entry = ref Find(_table!, id);
        var known = entry.Id == id && IsAlive(entry, appendedAtSecond, horizonSeconds);
        var sighting = !known ? Sighting.First : entry.Content == content ? Sighting.Repeat : Sighting.Conflict;
        if (entry.Id != id) _used++;
        // The first copy's content stays: a conflicting copy must not become the norm.
        entry = new Entry { Id = id, AppendedAtSecond = appendedAtSecond, Content = known ? entry.Content : content };
        return sighting;
    }

    /// <summary>Whether the id counts at this time; remembers nothing.</summary>
    public readonly bool Contains(UInt128 id, uint nowSecond, uint horizonSeconds)
    {
        if (_table is null) return false;
        if (id == 0) id = 1;
        ref readonly var entry = ref Find(_table, id);
        return entry.Id == id && IsAlive(entry, nowSecond, horizonSeconds);
    }

    /// <summary>Ids that count at this append time.</summary>
    public readonly int CountAlive(uint nowSecond, uint horizonSeconds)
    {
        var alive = 0;
        foreach (ref readonly var entry in _table.AsSpan())
            if (entry.Id != 0 && IsAlive(entry, nowSecond, horizonSeconds)) alive++;
        return alive;
    }

    /// <summary>Writes the living entries: count, then 24 bytes each.</summary>
    public readonly void Encode(IBufferWriter<byte> to, uint nowSecond, uint horizonSeconds)
    {
        var alive = CountAlive(nowSecond, horizonSeconds);
        var span = to.GetSpan(4 + alive * EntryBytes);
        BinaryPrimitives.WriteInt32LittleEndian(span, alive);
        var at = 4;
        foreach (ref readonly var entry in _table.AsSpan())
        {
            if (entry.Id == 0 || !IsAlive(entry, nowSecond, horizonSeconds)) continue;
            BinaryPrimitives.WriteUInt128LittleEndian(span[at..], entry.Id);
            BinaryPrimitives.WriteUInt32LittleEndian(span[(at + 16)..], entry.AppendedAtSecond);
            BinaryPrimitives.WriteUInt32LittleEndian(span[(at + 20)..], entry.Content);
            at += EntryBytes;
        }
        to.Advance(at);
    }

    public static SeenIds Decode(ref ReadOnlySpan<byte> from)
    {
        var count = BinaryPrimitives.ReadInt32LittleEndian(from);
        if (count < 0 || from.Length < 4 + (long)count * EntryBytes) throw new InvalidDataException($"seen ids: {count} entries do not fit {from.Length} bytes");
        var ids = new SeenIds();
        if (count > 0) ids._table = new Entry[CapacityFor(count)];
        from = from[4..];
        for (var i = 0; i < count; i++, from = from[EntryBytes..])
        {
            var id = BinaryPrimitives.ReadUInt128LittleEndian(from);
            Find(ids._table!, id) = new Entry
            {
                Id = id,
                AppendedAtSecond = BinaryPrimitives.ReadUInt32LittleEndian(from[16..]),
                Content = BinaryPrimitives.ReadUInt32LittleEndian(from[20..]),
            };
        }
        ids._used = count;
        return ids;
    }

    private void Grow(uint nowSecond, uint horizonSeconds)
    {
        var old = _table;
        _table = new Entry[CapacityFor(CountAlive(nowSecond, horizonSeconds) + 1)];
        _used = 0;
        foreach (ref readonly var entry in old.AsSpan())
        {
            if (entry.Id == 0 || !IsAlive(entry, nowSecond, horizonSeconds)) continue;
            Find(_table, entry.Id) = entry;
            _used++;
        }
    }

    // Room for one more and a quarter, at most seven eighths full: most customers have few recent events, and memory per entity is a goal.
    private static int CapacityFor(int count) => ((count + 1 + count / 4) * 8 + 6) / 7;

    private static ref Entry Find(Entry[] table, UInt128 id)
    {
        var i = (int)((ulong)id % (uint)table.Length);
        while (table[i].Id != 0 && table[i].Id != id)
            if (++i == table.Length) i = 0;
        return ref table[i];
    }

    private static bool IsAlive(in Entry entry, uint nowSecond, uint horizonSeconds) => (long)nowSecond - entry.AppendedAtSecond <= horizonSeconds;
}
