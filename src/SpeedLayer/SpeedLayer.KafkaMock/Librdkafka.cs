using System.Reflection;
using System.Runtime.InteropServices;

namespace Lambda.SpeedLayer.KafkaMock;

/// <summary>The part of rdkafka_mock.h that is used. Offsets and sizes in the units of Kafka; a result other than 0 is a Kafka error code.</summary>
internal static class Librdkafka
{
    private const string Library = "librdkafka";

    static Librdkafka() => NativeLibrary.SetDllImportResolver(typeof(Librdkafka).Assembly, Resolve);

    [DllImport(Library)] public static extern nint rd_kafka_conf_new();
    [DllImport(Library)] public static extern nint rd_kafka_new(int type, nint conf, byte[] error, nint errorBytes);
    [DllImport(Library)] public static extern void rd_kafka_destroy(nint client);
    [DllImport(Library)] public static extern nint rd_kafka_mock_cluster_new(nint client, int brokers);
    [DllImport(Library)] public static extern void rd_kafka_mock_cluster_destroy(nint cluster);
    [DllImport(Library)] public static extern nint rd_kafka_mock_cluster_bootstraps(nint cluster);
    [DllImport(Library)] public static extern int rd_kafka_mock_topic_create(nint cluster, [MarshalAs(UnmanagedType.LPUTF8Str)] string topic, int partitions, int replicas);
    [DllImport(Library)] public static extern int rd_kafka_mock_partition_delete_records(nint cluster, [MarshalAs(UnmanagedType.LPUTF8Str)] string topic, int partition, long before);
    [DllImport(Library)] public static extern int rd_kafka_mock_broker_set_down(nint cluster, int broker);
    [DllImport(Library)] public static extern int rd_kafka_mock_broker_set_up(nint cluster, int broker);
    [DllImport(Library)] public static extern int rd_kafka_mock_broker_set_rtt(nint cluster, int broker, int ms);

    // The package's plain build wants a newer libsasl2 than some distributions have; the others are whole but for Kerberos.
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        foreach (var candidate in new[] { "librdkafka", "centos8-librdkafka", "alpine-librdkafka", "librdkafka.so.1" })
            if (NativeLibrary.TryLoad(candidate, assembly, path, out var handle)) return handle;
        return 0;
    }
}
