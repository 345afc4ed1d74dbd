using Lambda.Domain.Bytes;

namespace Lambda.Domain.Fraud;

/// <summary>The byte form: what checkpoints keep. A change of it needs a new <see cref="FormatVersion"/>.</summary>
public sealed partial class CustomerFraudMemory
{
    private const byte FormatVersion = 1;

    public void Write(GrowingBytes bytes)
    {
        var to = new FraudWriter(bytes);
        to.Byte(FormatVersion);
        WriteRecent(to);
        Days.Write(to);
        foreach (var known in Known) known.Write(to);
        to.Varint(FailedLogins.Count);
        for (var i = FailedLogins.Count - 1; i >= 0; i--) to.Signed(FailedLogins[i]);
        to.Sparse(Hours);
        to.Sparse(Weekdays);
        to.Varint(Count);
        to.Varint(DeclinesInRow);
        to.Moment(LastFraudAt);
        to.Moment(LastCredentialChangeAt);
        to.Moment(LastAddressChangeAt);
        foreach (var part in _profile) to.Varint(part);
        WritePlace(to);
    }

    /// <summary>Becomes what was written.</summary>
    /// <exception cref="InvalidDataException">The bytes are no memory of this version.</exception>
    public void Read(ReadOnlySpan<byte> bytes)
    {
        Clear();
        var from = new FraudReader(bytes);
        if (from.Byte() is var version && version != FormatVersion) throw new InvalidDataException($"fraud memory of version {version}, expected {FormatVersion}");
        ReadRecent(ref from);
        Days.Read(ref from);
        foreach (var known in Known) known.Read(ref from);
        for (var left = from.Count(FraudLimits.FailedLoginsMax); left > 0; left--) FailedLogins.Add(from.Signed());
        from.Sparse(Hours);
        from.Sparse(Weekdays);
        (Count, DeclinesInRow) = (from.Count(int.MaxValue), from.Count(int.MaxValue));
        (LastFraudAt, LastCredentialChangeAt, LastAddressChangeAt) = (from.Moment(), from.Moment(), from.Moment());
        for (var i = 0; i < _profile.Length; i++) _profile[i] = (uint)from.Varint();
        ReadPlace(ref from);
        if (!from.IsAtEnd) throw new InvalidDataException("fraud memory: bytes behind its end");
    }

    private void WriteRecent(FraudWriter to)
    {
        to.Varint(Recent.Count);
        var before = 0L;
        for (var i = Recent.Count - 1; i >= 0; i--)
        {
            ref readonly var seen = ref Recent[i];
            to.UInt32(seen.Id);
            to.Signed(seen.At - before);
            to.Varint((ulong)seen.Amount << 2 | (seen.IsUnusual ? 2u : 0) | (seen.IsFraud ? 1u : 0));
            before = seen.At;
        }
    }

    private void ReadRecent(ref FraudReader from)
    {
        var at = 0L;
        for (var left = from.Count(FraudLimits.RecentMax); left > 0; left--)
        {
            var id = from.UInt32();
            at += from.Signed();
            var amount = from.Varint();
            Recent.Add(new Seen(id, at, (long)(amount >> 2), (amount & 2) != 0, (amount & 1) != 0));
        }
    }

    private void WritePlace(FraudWriter to)
    {
        to.Byte(LastPlace is null ? (byte)0 : (byte)1);
        if (LastPlace is not { } place) return;
        to.Signed(place.LatMicro);
        to.Signed(place.LonMicro);
        to.Signed(LastPlaceAt);
    }

    private void ReadPlace(ref FraudReader from)
    {
        if (from.Byte() == 0) return;
        LastPlace = new Place((int)from.Signed(), (int)from.Signed());
        LastPlaceAt = from.Signed();
    }
}
