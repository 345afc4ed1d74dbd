using Lambda.Domain.Bytes;
using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud;

/// <summary>
/// What is known of a terminal, or of a merchant where no terminal is named; bounded like <see cref="CustomerFraudMemory"/>. Its transactions are those of many customers, in
/// the order (occurred_at, partition, offset). A verdict counts whenever it comes: it makes no difference whether it is applied at once or after all transactions.
/// </summary>
public sealed class AcceptorFraudMemory
{
    internal record struct Seen(ulong Id, long At, bool IsUnusual, bool IsFraud);

    internal readonly Recent<Seen> Recent = new(FraudLimits.RecentMax);
    internal readonly DayBuckets Days = new(FraudLimits.AcceptorDaysKept);
    internal long LastFraudAt = long.MinValue;
    private DayBucket _tooOld;

    /// <summary>When what is known of it was gathered, microseconds since 1970: of its table, and no part of the byte form. <see cref="long.MinValue"/>: at the last UTC midnight before it is asked for.</summary>
    public long AsOfMicros { get; set; } = long.MinValue;

    /// <param name="isUnusual">What <see cref="CustomerFraudMemory.Apply"/> said.</param>
    public void Apply(ulong transaction, long atMicros, bool isUnusual)
    {
        Recent.Add(new Seen(transaction, atMicros, isUnusual, false));
        Days.Of(Clock.DayOf(atMicros), ref _tooOld).Add(new DayBucket { Count = 1, Unusual = isUnusual ? 1 : 0 });
    }

    /// <summary>One of its transactions is known to be fraud. Applied once for each transaction. A fraud of a usual amount points at the acceptor rather than at the customer.</summary>
    public void ApplyFraud(ulong transaction, long atMicros, bool isUnusual)
    {
        ref var day = ref Days.Of(Clock.DayOf(atMicros), ref _tooOld);
        day.Frauds++;
        if (!isUnusual) day.UsualFrauds++;
        LastFraudAt = Math.Max(LastFraudAt, atMicros);
        for (var i = 0; i < Recent.Count; i++)
        {
            ref var seen = ref Recent[i];
            if (seen.Id != transaction || seen.At != atMicros) continue;
            seen.IsFraud = true;
            return;
        }
    }

    /// <summary>Of one of whom nothing is known.</summary>
    public void Clear()
    {
        Recent.Clear();
        Days.Clear();
        LastFraudAt = AsOfMicros = long.MinValue;
    }

    /// <summary>The byte form: what tables keep of an acceptor. Ids are left out: who is read from a table learns no more.</summary>
    public void Write(GrowingBytes bytes)
    {
        var to = new FraudWriter(bytes);
        to.Varint(Recent.Count);
        var before = 0L;
        for (var i = Recent.Count - 1; i >= 0; i--)
        {
            ref readonly var seen = ref Recent[i];
            var delta = seen.At - before;
            to.Varint((ulong)(delta << 1 ^ delta >> 63) << 2 | (seen.IsUnusual ? 2u : 0) | (seen.IsFraud ? 1u : 0));
            before = seen.At;
        }
        Days.WriteCounts(to);
        to.Byte(LastFraudAt == long.MinValue ? (byte)0 : (byte)1);
        if (LastFraudAt != long.MinValue) to.Signed(LastFraudAt);
    }

    /// <summary>Becomes what was written, without allocation once it has held as much.</summary>
    /// <exception cref="InvalidDataException">The bytes are none of this form.</exception>
    public void Read(ReadOnlySpan<byte> bytes)
    {
        Clear();
        var from = new FraudReader(bytes);
        var at = 0L;
        for (var left = from.Count(FraudLimits.RecentMax); left > 0; left--)
        {
            var packed = from.Varint();
            at += (long)(packed >> 3) ^ -(long)(packed >> 2 & 1);
            Recent.Add(new Seen(0, at, (packed & 2) != 0, (packed & 1) != 0));
        }
        Days.ReadCounts(ref from);
        if (from.Byte() != 0) LastFraudAt = from.Signed();
        if (!from.IsAtEnd) throw new InvalidDataException("fraud memory: bytes behind its end");
    }
}
