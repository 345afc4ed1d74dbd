using Lambda.SpeedLayer.Ports;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Sqlite;

/// <summary>A store's file, damaged by somebody else.</summary>
internal static class DamagedFile
{
    public static void Execute(string file, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.True(command.ExecuteNonQuery() > 0, "the damage did nothing");
    }

    /// <summary>Flips one bit at a time, the first hundred bytes and then anywhere: each is found as a fault, or changes nothing that is read.</summary>
    public static async Task FlipBitsAsync<TFault>(string file, int times, int seed, Func<Task<string>> content) where TFault : Exception
    {
        var expected = await content();
        var good = File.ReadAllBytes(file);
        var random = new Random(seed);
        var found = 0;
        for (var i = 0; i < times; i++)
        {
            var bad = good.ToArray();
            var place = i < 100 ? i : random.Next(good.Length);
            bad[place] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(file, bad);
            try
            {
                Assert.True(expected == await content(), $"byte {place} was flipped: something else was read");
            }
            catch (Exception e) when (e is StorageException or TFault)
            {
                found++;
            }
        }
        Assert.True(found > 100, $"only {found} were found");
    }
}
