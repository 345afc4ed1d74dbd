using System.Globalization;

namespace Lambda.Domain.Log;

/// <summary>Where a record stands: partition and offset. Written `p:o`. "Applied" positions are the next offset to read.</summary>
public readonly record struct Position(int Partition, long Offset)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Partition}:{Offset}");

    public static bool TryParse(string? text, out Position position)
    {
        position = default;
        var colon = text?.IndexOf(':') ?? -1;
        if (colon <= 0
            || !int.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
            || !long.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)) return false;
        position = new Position(partition, offset);
        return true;
    }
}

/// <summary>
/// The one place where batch and speed are parted: per partition the offset of the epoch's barrier. Raw events with offset below it
/// belong to the batch view of the epoch, events above it to the speed layer.
/// </summary>
public sealed class Cut : IEquatable<Cut>
{
    private readonly long[] _offsets;

    public Cut(IReadOnlyList<long> offsets)
    {
        if (offsets.Any(o => o < 0)) throw new ArgumentOutOfRangeException(nameof(offsets), "a cut has no negative offsets");
        _offsets = [.. offsets];
    }

    /// <summary>The cut before every record: nothing was published yet.</summary>
    public static Cut Zero(int partitions) => new(new long[partitions]);

    public int Partitions => _offsets.Length;

    public long this[int partition] => _offsets[partition];

    /// <summary>True when no partition of this cut lies before that of <paramref name="earlier"/>.</summary>
    public bool IsAtOrAfter(Cut earlier) => earlier.Partitions == Partitions && _offsets.Zip(earlier._offsets).All(p => p.First >= p.Second);

    public long[] ToArray() => [.. _offsets];

    public bool Equals(Cut? other) => other is not null && _offsets.AsSpan().SequenceEqual(other._offsets);

    public override bool Equals(object? obj) => Equals(obj as Cut);

    public override int GetHashCode() => _offsets.Aggregate(_offsets.Length, HashCode.Combine);

    public override string ToString() => string.Join(",", _offsets);
}

/// <summary>
/// The record that ends an epoch in one partition. The first barrier of an epoch counts; one whose epoch is not current + 1 is ignored.
/// </summary>
/// <param name="Epoch">The epoch this barrier ends, 1 for the first.</param>
/// <param name="Run">The batch run that appended it.</param>
/// <param name="DefinitionHash">Definition the run computes; from here until its publication the workers fold under it too.</param>
public sealed record EpochBarrier(long Epoch, string Run, string DefinitionHash);
