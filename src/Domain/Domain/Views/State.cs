using System.Buffers;

namespace Lambda.Domain.Views;

/// <summary>
/// A mergeable state of one customer under one definition: a sorted run of cells (metric slot, key, day tile) and of distinct elements.
/// Zero is the empty state; merge is associative and commutative; the encoding is canonical (equal states, equal bytes).
/// </summary>
public sealed class State : IEquatable<State>
{
    public bool IsEmpty => throw new NotImplementedException();

    /// <summary>Managed bytes held, approximately: for memory accounting.</summary>
    public int ApproximateBytes => throw new NotImplementedException();

    /// <summary>a ⊕ b as a new state; neither input changes.</summary>
    public static State Merge(State a, State b) => throw new NotImplementedException();

    public void Encode(IBufferWriter<byte> to) => throw new NotImplementedException();

    /// <exception cref="InvalidDataException">Not a canonical encoding.</exception>
    public static State Decode(ReadOnlySpan<byte> bytes) => throw new NotImplementedException();

    public bool Equals(State? other) => throw new NotImplementedException();

    public override bool Equals(object? obj) => Equals(obj as State);

    public override int GetHashCode() => throw new NotImplementedException();
}
