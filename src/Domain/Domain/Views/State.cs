using System.Buffers;

namespace Lambda.Domain.Views;

/// <summary>
/// A mergeable state of one customer under one definition: cells of all time and per day tile, sorted by (metric slot, key). Zero is the empty
/// state; merge is associative and commutative. In memory it IS its canonical encoding (see <see cref="TileReader"/>, <see cref="CellKind"/>):
/// equal states have equal bytes, encoding is a copy, and a state that was not decoded (a mapped base file) is read as it lies.
/// </summary>
public sealed class State : IEquatable<State>
{
    private const int ObjectBytes = 32, ArrayBytes = 24, Granule = 32;

    private byte[] _bytes;
    private int _length;

    public State() => _bytes = [];

    private State(ReadOnlySpan<byte> encoded)
    {
        _bytes = encoded.ToArray();
        _length = encoded.Length;
    }

    public bool IsEmpty => _length == 0;

    /// <summary>Managed bytes held, approximately: for memory accounting.</summary>
    public int ApproximateBytes => ObjectBytes + (_bytes.Length == 0 ? 0 : ArrayBytes + _bytes.Length);

    /// <summary>The canonical encoding, until the state is folded into. Nothing for the empty state.</summary>
    public ReadOnlySpan<byte> Encoded => _bytes.AsSpan(0, _length);

    /// <summary>a ⊕ b as a new state; neither input changes.</summary>
    /// <exception cref="InvalidDataException">The states are of different definitions.</exception>
    public static State Merge(State a, State b)
    {
        if (a.IsEmpty || b.IsEmpty) return new State(a.IsEmpty ? b.Encoded : a.Encoded);
        var writer = StateWriter.Rent();
        var merged = new State(StateMerge.Merge(a.Encoded, b.Encoded, writer));
        StateWriter.Return(writer);
        return merged;
    }

    /// <summary>All of them merged, whatever their order; null when there is none.</summary>
    public static State? MergeAll(params IEnumerable<State?> states) => states.OfType<State>().Aggregate((State?)null, (all, next) => all is null ? next : Merge(all, next));

    public void Encode(IBufferWriter<byte> to) => to.Write(Encoded);

    /// <exception cref="InvalidDataException">Not a canonical encoding.</exception>
    public static State Decode(ReadOnlySpan<byte> bytes)
    {
        StateCheck.ThrowUnlessCanonical(bytes);
        return new State(bytes);
    }

    public bool Equals(State? other) => other is not null && Encoded.SequenceEqual(other.Encoded);

    public override bool Equals(object? obj) => Equals(obj as State);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Encoded);
        return hash.ToHashCode();
    }

    /// <summary>For bytes that this domain itself wrote.</summary>
    internal static State FromTrusted(ReadOnlySpan<byte> encoded) => new(encoded);

    /// <summary>this ⊕ the delta of one event, in place.</summary>
    /// <exception cref="InvalidDataException">The delta is of another definition; the state is then of no use any more.</exception>
    internal void Add(ReadOnlySpan<byte> delta)
    {
        if (delta.IsEmpty) return;
        if (IsEmpty)
        {
            Room(delta.Length);
            delta.CopyTo(_bytes);
            _length = delta.Length;
            return;
        }
        var edits = StatePatch.OfThread.Add(_bytes.AsSpan(0, _length), delta);
        Room(_length + edits.Growth);
        edits.Apply(_bytes, _length);
        _length += edits.Growth;
    }

    private void Room(int bytes)
    {
        if (bytes <= _bytes.Length) return;
        // A little slack for the next fold; large states get an eighth, so that growing them stays linear.
        var larger = GC.AllocateUninitializedArray<byte>((bytes + Math.Max(Granule, bytes >> 3)) / 8 * 8);
        _bytes.AsSpan(0, _length).CopyTo(larger);
        _bytes = larger;
    }
}
