using Lambda.SpeedLayer.Sqlite;

namespace Lambda.SystemTests.Cards;

/// <summary>What a host left on disk.</summary>
internal static class DataFolder
{
    /// <summary>Every file, and every record of the log, whose frames are compressed. The host has ended.</summary>
    public static async Task<List<(string Place, byte[] Bytes)>> AllAsync(string data, int partitions)
    {
        var found = new List<(string, byte[])>();
        foreach (var file in Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories)) found.Add((file, await File.ReadAllBytesAsync(file)));
        await using var log = SqliteEventLog.Open(Path.Combine(data, "log.db"), partitions, TimeProvider.System);
        for (var partition = 0; partition < partitions; partition++)
            foreach (var frame in log.Read(partition, log.StartOffset(partition), int.MaxValue))
                foreach (var (offset, record) in frame) found.Add(($"log {partition}:{offset}", record.ToArray()));
        return found;
    }
}
