using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;
using Lambda.SpeedLayer.Sqlite.Raw;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Sqlite;

/// <summary>A damaged checkpoint is found, says how to rebuild, and harms its own partition only.</summary>
public sealed class CheckpointFaultTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string FilePath => _folder.File("checkpoint-0000.db");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("UPDATE entities SET state = x'00' WHERE customer = CAST('c0007' AS BLOB)")]
    [InlineData("UPDATE entities SET checksum = checksum + 1 WHERE customer = CAST('c0007' AS BLOB)")]
    [InlineData("UPDATE entities SET state = (SELECT state FROM entities WHERE customer = CAST('c0008' AS BLOB)) WHERE customer = CAST('c0007' AS BLOB)")]
    public async Task Entity_WhenChanged_IsFoundByLookUpAndScan(string damage)
    {
        await WriteAsync();
        Execute(damage);
        await using var store = new SqliteCheckpointStore(_folder.Path);
        Assert.NotNull(store.Load(0));
        Find(store, "c0008");
        var fault = Assert.Throws<CheckpointCorruptException>(() => Find(store, "c0006", "c0007"));
        Assert.Contains("c0007", fault.Message);
        Assert.Contains("delete the checkpoint files of this partition", fault.Message);
        Assert.Throws<CheckpointCorruptException>(() => store.Scan(0).Count());
        Find(store, "c0008");
    }

    [Theory]
    [InlineData("UPDATE checkpoint SET applied = applied + 1")]
    [InlineData("UPDATE checkpoint SET generation = generation - 1")]
    [InlineData("UPDATE checkpoint SET worker = x'01'")]
    public async Task Header_WhenChanged_IsFoundAndNotWrittenOver(string damage)
    {
        await WriteAsync();
        Execute(damage);
        await using var store = new SqliteCheckpointStore(_folder.Path);
        Assert.Throws<CheckpointCorruptException>(() => store.Load(0));
        Assert.Throws<CheckpointCorruptException>(() => store.Write(0, new Checkpoint(99, 99, default), []));
        store.Delete(0);
        Assert.Null(store.Load(0));
        store.Write(0, new Checkpoint(1, 1, default), []);
    }

    [Fact]
    public async Task File_WhenAnyByteIsFlipped_IsFoundOrDoesNoHarm()
    {
        await WriteAsync();
        await DamagedFile.FlipBitsAsync<CheckpointCorruptException>(FilePath, times: 300, seed: 12, ContentAsync);
    }

    [Fact]
    public async Task Load_WhenItIsNoDatabase_SaysHowToRebuild()
    {
        File.WriteAllText(FilePath, new string('x', 5_000));
        await using var store = new SqliteCheckpointStore(_folder.Path);
        Assert.Contains("delete the checkpoint files", Assert.Throws<CheckpointCorruptException>(() => store.Load(0)).Message);
        store.Write(1, new Checkpoint(1, 1, default), []);
        Assert.NotNull(store.Load(1));
    }

    [Fact]
    public async Task Files_WhenDeletedByHandWhileStopped_PartitionIsEmpty()
    {
        await WriteAsync();
        foreach (var file in Directory.GetFiles(_folder.Path, "checkpoint-0000.db*")) File.Delete(file);
        await using var store = new SqliteCheckpointStore(_folder.Path);
        Assert.Null(store.Load(0));
    }

    private async Task WriteAsync()
    {
        var random = new Random(1);
        await using var store = new SqliteCheckpointStore(_folder.Path);
        store.Write(0, new Checkpoint(17, 3, "worker"u8.ToArray()), [.. Enumerable.Range(0, 300).Select(i =>
        {
            var state = new byte[i % 50 == 0 ? 20_000 : random.Next(1, 600)];
            random.NextBytes(state);
            return new StoredEntity(CustomerId.From($"c{i:d4}"), state);
        })]);
    }

    private async Task<string> ContentAsync()
    {
        await using var store = new SqliteCheckpointStore(_folder.Path);
        var checkpoint = store.Load(0)!;
        var content = new StringBuilder($"{checkpoint.Applied} {checkpoint.Generation} {Convert.ToHexString(checkpoint.Worker.Span)} ");
        foreach (var (customer, state) in store.Scan(0)) content.Append($"{customer}={Convert.ToHexString(state.Span)} ");
        return content.ToString();
    }

    private static void Find(SqliteCheckpointStore store, params string[] customers) =>
        store.LoadEntities(0, [.. customers.Select(CustomerId.From)], (_, _) => { });

    private void Execute(string sql) => DamagedFile.Execute(FilePath, sql);
}
