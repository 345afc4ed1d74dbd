using System.Buffers;
using System.Buffers.Binary;
using Lambda.Domain.Bytes;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Views;

namespace Lambda.SpeedLayer.Worker;

/// <summary>
/// One customer's speed state: what happened since the adopted base, and the ids seen within the horizon. Runtime-free and single-writer.
/// Barriers and adoptions concern millions of entities at once, so each settles its deltas only when it is next touched (<see cref="Settle"/>).
/// </summary>
public sealed class CustomerEntity(CustomerId id)
{
    private const byte FormatVersion = 3; // 1 and 2 had no fraud memory: a partition with such checkpoints is rebuilt

    private CompiledView? _view;      // definition of closed and open
    private State? _closed;           // (published cut, newest barrier] as far as the events are there
    private long _closedThrough;      // newest epoch merged into closed
    private State? _open;
    private long _openEpoch;
    private NextDelta? _next;         // events of the open epoch under the next definition, while there is one
    private SeenIds _seen;
    private FraudState _fraud;        // of all events, not of an epoch's: the base has none of it
    private DecidedIds _decided;
    private long _erasedIn;           // epoch of the newest erasure, as long as the base is of an earlier one and so holds what was erased; else 0

    /// <summary>An object of its own: few entities have one, and all of them pay for a field.</summary>
    private sealed record NextDelta(CompiledView View, State State, long Epoch);

    public CustomerId Id { get; } = id;

    // The worker's book-keeping, here so that it costs no dictionary.
    internal bool Dirty;          // differs from the stored row and from every image being written
    internal bool InCheckpoint;   // to be encoded before it changes
    internal bool ChangedForPopulation;
    internal int TouchedAt;       // checkpoint count at the last touch, for eviction

    public State? Closed => _closed;
    public State? Open => _open;

    /// <summary>The served base holds what was erased since: nothing of it may be used for this customer. Of the moment it was settled for.</summary>
    public bool IsErasedFromBase => _erasedIn > 0;

    /// <summary>Epoch of the erasure that hides the base; 0 for none.</summary>
    public long ErasedIn => _erasedIn;

    public int ApproximateBytes => 128 + Id.Utf8.Length + 24 + _seen.ApproximateBytes
        + (_closed?.ApproximateBytes ?? 0) + (_open?.ApproximateBytes ?? 0) + (_next?.State.ApproximateBytes ?? 0) + _fraud.ApproximateBytes + _decided.ApproximateBytes;

    /// <summary>Brings the deltas to where the partition stands. Idempotent; may skip any number of barriers and adoptions.</summary>
    public void Settle(Epochs at)
    {
        if (!Epochs.Same(_view, at.Active))
        {
            // The next definition was adopted: its delta, begun at its barrier, is the open one now.
            (_closed, _open, _openEpoch) = _next is not null && Epochs.Same(_next.View, at.Active) ? ((State?)null, _next.State, _next.Epoch) : (null, null, 0L);
            (_view, _next) = (at.Active, null);
        }
        if (_erasedIn <= at.Published) _erasedIn = 0; // the base was computed from what lies behind it
        if (_closed is not null && _closedThrough <= at.Published) _closed = null;
        if (_open is not null && _openEpoch <= at.Current)
        {
            if (_openEpoch > at.Published)
            {
                _closed = _closed is null ? _open : State.Merge(_closed, _open);
                _closedThrough = _openEpoch;
            }
            _open = null;
        }
        if (_next is not null && (_next.Epoch != at.Open || !Epochs.Same(_next.View, at.Next))) _next = null;
    }

    /// <summary>One logged event: settles, remembers its id, folds it if it is the first copy.</summary>
    /// <param name="rememberOnly">The event is in the base already: only its id matters.</param>
    public Sighting Take(EventRow row, Epochs at, WorkerSettings settings, bool rememberOnly)
    {
        Settle(at);
        var sighting = Observe(SipHash128.Hash(row.EventId, settings.IdKey0, settings.IdKey1), row, settings.HorizonSeconds);
        if (sighting != Sighting.First) return sighting;
        if (row.Type == EventCatalog.Transaction && row.Has(EventCatalog.Decision.Ordinal)) _decided.Add(FraudEvents.NameOf(row.EventId), row.Offset, SecondOf(row.AppendedAtMs), settings.HorizonSeconds);
        if (rememberOnly) return sighting;
        Fold(row, at);
        if (FraudEvents.TryOf(row, out var it)) _fraud.Add(it, Fraud);
        return sighting;
    }

    /// <summary>The fraud memory as of the events taken. Valid until this thread unpacks another one.</summary>
    /// <exception cref="InvalidDataException">The stored bytes are damaged.</exception>
    public CustomerFraudMemory FraudMemory => _fraud.Unpack(Fraud);

    /// <summary>The authorization with this transaction id, of the horizon before <paramref name="logMs"/>, the append time of what was taken last.</summary>
    public DecidedId? DecidedOf(ReadOnlySpan<byte> eventId, long logMs, WorkerSettings settings) => _decided.Find(FraudEvents.NameOf(eventId), SecondOf(logMs), settings.HorizonSeconds);

    /// <summary>Whether an event of this id counts already, decided or not.</summary>
    public bool HasSeen(ReadOnlySpan<byte> eventId, long logMs, WorkerSettings settings) =>
        _seen.Contains(SipHash128.Hash(eventId, settings.IdKey0, settings.IdKey1), SecondOf(logMs), settings.HorizonSeconds);

    /// <summary>A customer of whom nothing is known but what raw events below the base's cut say: rebuild.</summary>
    public static CustomerEntity OfMemory(CustomerId id, FraudState memory) => new(id) { _fraud = memory };

    /// <summary>
    /// A logged erasure: nothing before it counts any more, neither here nor in the base that is served; what comes behind it is a new customer's, ids
    /// that the old one used included.
    /// </summary>
    /// <param name="rememberOnly">The base was computed behind it.</param>
    public void Erase(Epochs at, bool rememberOnly)
    {
        Settle(at);
        (_closed, _open, _next, _seen, _fraud, _decided) = (null, null, null, default, default, default);
        if (!rememberOnly) _erasedIn = at.Open;
    }

    /// <summary>Whether this event id is new to the customer within the horizon; remembers it either way.</summary>
    public Sighting Observe(UInt128 eventIdHash, EventRow row, uint horizonSeconds) =>
        _seen.Observe(eventIdHash, row.ContentHash, SecondOf(row.AppendedAtMs), horizonSeconds);

    /// <summary>Adds a distinct event to the open delta, and to that of the next definition if there is one. The entity is settled.</summary>
    public void Fold(EventRow row, Epochs at)
    {
        at.Active.Fold(_open ??= new State(), row);
        _openEpoch = at.Open;
        if (at.Next is { } next) next.Fold((_next ??= new NextDelta(next, new State(), at.Open)).State, row);
    }

    /// <summary>Nothing is left of it: it need not be stored. The entity is settled.</summary>
    public bool IsNothing(long nowMs, uint horizonSeconds) =>
        _erasedIn == 0 && _fraud.IsEmpty && _closed is null && _open is null && _next is null && _seen.CountAlive(SecondOf(nowMs), horizonSeconds) == 0;

    /// <summary>Writes the entity; writes nothing when nothing is left of it (its row is then deleted).</summary>
    public void Encode(IBufferWriter<byte> to, Epochs at, long nowMs, uint horizonSeconds)
    {
        Settle(at);
        if (IsNothing(nowMs, horizonSeconds)) return;
        WriteHead(to);
        EncodeDelta(to, _closed, _closedThrough);
        EncodeDelta(to, _open, _openEpoch);
        EncodeDelta(to, _next?.State, _next?.Epoch ?? 0);
        _seen.Encode(to, SecondOf(nowMs), horizonSeconds);
        _fraud.Encode(to);
        _decided.Encode(to, SecondOf(nowMs), horizonSeconds);
    }

    /// <exception cref="InvalidDataException">Not an encoded entity, or one of a definition <paramref name="views"/> does not know.</exception>
    public static CustomerEntity Decode(CustomerId id, ReadOnlySpan<byte> from, IViewCatalog views)
    {
        if (from.Length < 17 || from[0] != FormatVersion) throw new InvalidDataException($"customer {id}: stored entity has no version {FormatVersion} head");
        var entity = new CustomerEntity(id) { _view = ViewOf(BinaryPrimitives.ReadUInt64LittleEndian(from[1..]), views) };
        var nextView = ViewOf(BinaryPrimitives.ReadUInt64LittleEndian(from[9..]), views);
        from = from[17..];
        entity._erasedIn = (long)Varint.Read(from, out var used);
        from = from[used..];
        (entity._closed, entity._closedThrough) = DecodeDelta(ref from);
        (entity._open, entity._openEpoch) = DecodeDelta(ref from);
        var (next, nextEpoch) = DecodeDelta(ref from);
        if (next is not null && nextView is not null) entity._next = new NextDelta(nextView, next, nextEpoch);
        entity._seen = SeenIds.Decode(ref from);
        entity._fraud = FraudState.Decode(ref from);
        entity._decided = DecidedIds.Decode(ref from);
        return entity;
    }

    internal static uint SecondOf(long ms) => (uint)(ms / 1000);

    private void WriteHead(IBufferWriter<byte> to)
    {
        var head = to.GetSpan(17 + Varint.MaxBytes);
        head[0] = FormatVersion;
        BinaryPrimitives.WriteUInt64LittleEndian(head[1..], _view is null ? 0 : ViewCatalog.Tag(_view.Definition.Hash));
        BinaryPrimitives.WriteUInt64LittleEndian(head[9..], _next is null ? 0 : ViewCatalog.Tag(_next.View.Definition.Hash));
        to.Advance(17 + Varint.Write(head[17..], (ulong)_erasedIn));
    }

    private static void EncodeDelta(IBufferWriter<byte> to, State? delta, long epoch)
    {
        var scratch = Scratch ??= new ArrayBufferWriter<byte>(4096);
        scratch.ResetWrittenCount();
        delta?.Encode(scratch);
        var span = to.GetSpan(2 * Varint.MaxBytes + scratch.WrittenCount);
        var at = Varint.Write(span, delta is null ? 0 : (ulong)scratch.WrittenCount + 1); // an empty delta is not no delta: the customer is known
        if (delta is not null)
        {
            at += Varint.Write(span[at..], (ulong)epoch);
            scratch.WrittenSpan.CopyTo(span[at..]);
            at += scratch.WrittenCount;
        }
        to.Advance(at);
    }

    private static (State?, long) DecodeDelta(ref ReadOnlySpan<byte> from)
    {
        var length = (int)Varint.Read(from, out var used) - 1;
        from = from[used..];
        if (length < 0) return (null, 0);
        var epoch = (long)Varint.Read(from, out used);
        var state = State.Decode(from.Slice(used, length));
        from = from[(used + length)..];
        return (state, epoch);
    }

    private static CompiledView? ViewOf(ulong tag, IViewCatalog views) => tag == 0 ? null : views.ByTag(tag);

    private static FraudScratch Fraud => _fraudScratch ??= new FraudScratch();

    [ThreadStatic]
    private static FraudScratch? _fraudScratch;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? Scratch;
}
