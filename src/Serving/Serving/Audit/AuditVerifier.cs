using System.Globalization;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Audit;

/// <summary>An end of a chain that was noted elsewhere: what the log must still hold. Written `NUMBER:HASH`.</summary>
public sealed record AuditAnchor(string Chain, long Number, string Hash)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Chain}@{Number}:{Hash}");

    /// <param name="text">`CHAIN@NUMBER:HASH`, as `audit head` prints it.</param>
    public static AuditAnchor? Parse(string text)
    {
        var (at, colon) = (text.LastIndexOf('@'), text.LastIndexOf(':'));
        return at > 0 && colon > at && long.TryParse(text.AsSpan(at + 1, colon - at - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && text.Length - colon - 1 == 2 * AuditCodec.HashBytes && text[(colon + 1)..].All(char.IsAsciiHexDigitLower)
                ? new AuditAnchor(text[..at], number, text[(colon + 1)..])
                : null;
    }
}

/// <param name="Fault">What is wrong, naming the entry; null when nothing is.</param>
/// <param name="Entries">Entries that hold.</param>
/// <param name="BadEntry">Number of the first that does not.</param>
/// <param name="Head">Where the part that holds ends; null when it is empty.</param>
/// <param name="Keyed">How many of them nobody could have made without the key.</param>
public sealed record AuditVerdict(string Chain, string? Fault, long Entries, long? BadEntry, AuditAnchor? Head, long Keyed);

/// <summary>
/// Reads a chain from its beginning and stops at the first thing that does not hold. Without a key and an anchor it finds damage and careless edits; with the key also a chain
/// that somebody wrote anew; with an anchor also one that was cut off at its end.
/// </summary>
public sealed class AuditVerifier(string chain, byte[]? key, IReadOnlyList<AuditAnchor> anchors)
{
    private readonly List<AuditAnchor> _anchors = [.. anchors.Where(a => a.Chain == chain).OrderBy(a => a.Number)];
    private byte[] _hash = AuditCodec.Genesis(chain);
    private long _number, _keyed, _counted;
    private string? _fault;

    public static AuditVerdict Verify(IAuditStore store, string chain, byte[]? key, IReadOnlyList<AuditAnchor> anchors, CancellationToken cancel)
    {
        var verifier = new AuditVerifier(chain, key, anchors);
        foreach (var part in store.Read(chain, 1))
        {
            cancel.ThrowIfCancellationRequested();
            if (!verifier.Add(part)) break;
        }
        return verifier.End();
    }

    private bool Add(AuditPart part)
    {
        if (_counted == 0 && part.First > 1 && !BeginsAt(part)) return false;
        if (part.First != _number + 1) return Fails($"{part.Place} begins with entry {part.First}, expected {_number + 1}: {(part.First > _number + 1 ? "entries are missing" : "it is out of order")}");
        for (var rest = part.Bytes.Span; !rest.IsEmpty;)
        {
            var size = AuditCodec.SizeOf(rest);
            if (size == 0) return Fails($"entry {_number + 1} ({part.Place}) is damaged or cut off");
            if (!Add(rest[..size], part.Place)) return false;
            rest = rest[size..];
        }
        return true;
    }

    /// <summary>Older entries may have been put away: an anchor says what they ended with.</summary>
    private bool BeginsAt(AuditPart part)
    {
        if (_anchors.FirstOrDefault(a => a.Number == part.First - 1) is not { } anchor)
            return Fails($"the log begins with entry {part.First}: the entries before it are missing. If they were put away, name their end as an anchor");
        (_number, _hash) = (anchor.Number, Convert.FromHexString(anchor.Hash));
        return true;
    }

    private bool Add(ReadOnlySpan<byte> entry, string place)
    {
        var expected = _number + 1;
        Span<byte> hash = stackalloc byte[AuditCodec.HashBytes];
        var linked = new byte[entry.Length]; // the hash before, then all but its own
        _hash.CopyTo(linked, 0);
        entry[..^AuditCodec.HashBytes].CopyTo(linked.AsSpan(AuditCodec.HashBytes));
        var keyed = AuditCodec.IsKeyed(entry);
        if (keyed is true && key is null) return Fails($"entry {expected} ({place}) is keyed: the log's key is needed to verify it");
        AuditCodec.Hash(linked, keyed is true ? key : null, hash);
        if (!hash.SequenceEqual(entry[^AuditCodec.HashBytes..]))
            return Fails($"entry {expected} ({place}) does not fit its hash: it or what stands before it was changed{(keyed is true && _keyed == 0 ? ", or this is not the key it was written with" : "")}");
        if (AuditCodec.Read(entry) is not { } read || read.Number != expected) return Fails($"entry {expected} ({place}) is not well-formed");
        if (keyed is false && key is not null && !_anchors.Any(a => a.Number >= expected))
            return Fails($"entry {expected} ({place}) is not keyed: it was written before the log had its key (name an anchor at or behind it), or by somebody who had not");
        (_number, _counted, _hash) = (expected, _counted + 1, entry[^AuditCodec.HashBytes..].ToArray());
        if (keyed is true) _keyed++;
        return HoldsAnchors();
    }

    private bool HoldsAnchors()
    {
        foreach (var anchor in _anchors)
            if (anchor.Number == _number && anchor.Hash != Convert.ToHexStringLower(_hash))
                return Fails($"entry {_number} is not the one that the anchor names: the log was written anew", _number);
        return true;
    }

    private AuditVerdict End()
    {
        if (_fault is null && _anchors.LastOrDefault() is { } last && last.Number > _number)
            Fails($"the log ends with entry {_number}, the anchor names entry {last.Number}: it was cut off");
        return new AuditVerdict(chain, _fault, _counted, _fault is null ? null : _bad, _number == 0 ? null : new AuditAnchor(chain, _number, Convert.ToHexStringLower(_hash)), _keyed);
    }

    private long _bad;

    private bool Fails(string fault, long? entry = null)
    {
        (_fault, _bad) = (fault, entry ?? _number + 1);
        return false;
    }
}
