using System.Buffers.Binary;
using System.IO.Hashing;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Postgres.Checkpoints;

/// <summary>Every row carries a checksum over all of it, its partition included: rows of all partitions share a table. A storage format.</summary>
internal static class Checksums
{
    public static long Of(int partition, ReadOnlySpan<byte> customer, ReadOnlySpan<byte> state) =>
        (long)XxHash3.HashToUInt64(state, (long)XxHash3.HashToUInt64(customer, partition));

    public static long Of(int partition, Checkpoint checkpoint)
    {
        Span<byte> numbers = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, checkpoint.Applied);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], checkpoint.Generation);
        return Of(partition, numbers, checkpoint.Worker.Span);
    }
}
