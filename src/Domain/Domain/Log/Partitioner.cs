using System.Buffers.Binary;

namespace Lambda.Domain.Log;

/// <summary>Customer → partition as Kafka's default partitioner does: (murmur2(utf8(customer_id)) &amp; 0x7fffffff) % P.</summary>
public static class Partitioner
{
    public static int PartitionOf(ReadOnlySpan<byte> customerId, int partitions) => (int)((Murmur2(customerId) & 0x7fffffff) % (uint)partitions);

    /// <summary>MurmurHash2 with Kafka's seed 0x9747b28c. Source: org.apache.kafka.common.utils.Utils.murmur2.</summary>
    public static uint Murmur2(ReadOnlySpan<byte> data)
    {
        const uint m = 0x5bd1e995;
        const int r = 24;
        var h = 0x9747b28cu ^ (uint)data.Length;
        while (data.Length >= 4)
        {
            var k = BinaryPrimitives.ReadUInt32LittleEndian(data) * m;
            k ^= k >> r;
            h = h * m ^ k * m;
            data = data[4..];
        }
        if (data.Length == 3) h ^= (uint)data[2] << 16;
        if (data.Length >= 2) h ^= (uint)data[1] << 8;
        if (data.Length >= 1) h = (h ^ data[0]) * m;
        h = (h ^ h >> 13) * m;
        return h ^ h >> 15;
    }
}
