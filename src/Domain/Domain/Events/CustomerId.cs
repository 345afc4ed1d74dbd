using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Lambda.Domain.Events;

/// <summary>A customer's id: its UTF-8 bytes, 1..128 of them. Ordered by bytes, as checkpoints, base files and the warehouse order it.</summary>
public readonly struct CustomerId : IEquatable<CustomerId>, IComparable<CustomerId>
{
    public const int MaxBytes = 128;

    private readonly byte[]? _utf8;

    public CustomerId(ReadOnlySpan<byte> utf8) => _utf8 = utf8.ToArray();

    public static CustomerId From(string text) => new(Encoding.UTF8.GetBytes(text));

    public ReadOnlySpan<byte> Utf8 => _utf8;

    public bool Equals(CustomerId other) => Utf8.SequenceEqual(other.Utf8);

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is CustomerId other && Equals(other);

    public override int GetHashCode() => ByBytes.Hash(Utf8);

    public int CompareTo(CustomerId other) => Utf8.SequenceCompareTo(other.Utf8);

    public override string ToString() => Encoding.UTF8.GetString(Utf8);

    /// <summary>Lets a dictionary keyed by customer be searched by the id's bytes, without making an id.</summary>
    public sealed class ByBytes : IEqualityComparer<CustomerId>, IAlternateEqualityComparer<ReadOnlySpan<byte>, CustomerId>
    {
        public static readonly ByBytes Comparer = new();

        public bool Equals(CustomerId x, CustomerId y) => x.Equals(y);

        public int GetHashCode(CustomerId id) => Hash(id.Utf8);

        public bool Equals(ReadOnlySpan<byte> alternate, CustomerId other) => alternate.SequenceEqual(other.Utf8);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => Hash(alternate);

        public CustomerId Create(ReadOnlySpan<byte> alternate) => new(alternate);

        internal static int Hash(ReadOnlySpan<byte> utf8)
        {
            var hash = new HashCode();
            hash.AddBytes(utf8);
            return hash.ToHashCode();
        }
    }
}
