using System.Runtime.CompilerServices;
using Lambda.BatchLayer.Ports;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Native;

namespace Lambda.Warehouse.Fraud;

/// <summary>A table per artefact, `artefact_NAME`, of pieces in order. It is filled under another name and renamed: what has its name is whole.</summary>
public sealed class ClickHouseArtefacts(ClickHouseClient client) : IArtefactStore
{
    private const string Prefix = "artefact_", Making = "making_artefact_";
    private const int PieceBytes = 1 << 20;

    public async Task PutAsync(string name, Stream content, CancellationToken cancel)
    {
        if (await IsThereAsync(Prefix + name, cancel)) return;
        var attempt = Making + Guid.NewGuid().ToString("N")[..12];
        await client.ExecuteAsync($"CREATE TABLE {attempt} (piece UInt32, bytes String CODEC(ZSTD(1))) ENGINE = MergeTree ORDER BY piece", cancel: cancel);
        var buffer = new byte[PieceBytes];
        for (var piece = 0; await content.ReadAtLeastAsync(buffer, PieceBytes, throwOnEndOfStream: false, cancel) is > 0 and var read; piece++) await InsertAsync(attempt, piece, buffer.AsMemory(0, read), cancel);
        try
        {
            await client.ExecuteAsync($"RENAME TABLE {attempt} TO {Prefix}{name}", cancel: cancel);
        }
        catch (ClickHouseException) when (!cancel.IsCancellationRequested)
        {
            if (!await IsThereAsync(Prefix + name, cancel)) throw;
            await DropAsync(attempt, cancel); // another node was first
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string name, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (!await IsThereAsync(Prefix + name, cancel)) throw new ArtefactMissingException(name);
        await foreach (var piece in client.QueryAsync($"SELECT bytes FROM {Prefix}{name} ORDER BY piece", (ref RowBinaryReader row) => row.Bytes().ToArray(), new QueryParameters(), new QuerySettings { ["max_threads"] = "1", ["max_block_size"] = "8" }, cancel: cancel))
            yield return piece;
    }

    public async Task DropExceptAsync(IReadOnlyCollection<string> keep, CancellationToken cancel)
    {
        var tables = await client.ListAsync("SELECT name FROM system.tables WHERE database = {database:String} AND (startsWith(name, {made:String}) OR startsWith(name, {making:String}))",
            (ref RowBinaryReader row) => row.Text(), new QueryParameters { { "database", client.Database }, { "made", Prefix }, { "making", Making } }, cancel: cancel);
        foreach (var table in tables)
            if (!keep.Contains(table[Prefix.Length..]) || table.StartsWith(Making, StringComparison.Ordinal)) await DropAsync(table, cancel);
    }

    private async Task InsertAsync(string table, int number, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        var (piece, text) = (new NumberColumn("piece", "UInt32", 4), new TextColumn("bytes"));
        var block = new NativeBlock([piece, text]) { Rows = 1 };
        piece.Set(0, number);
        text.Set(0, bytes.Span);
        await block.InsertAsync(client, table, Repeat.Never, null, cancel); // a piece stored twice would be a longer file
        block.Dispose();
    }

    private async Task<bool> IsThereAsync(string table, CancellationToken cancel) =>
        (await client.ListAsync("SELECT count() FROM system.tables WHERE database = {database:String} AND name = {table:String}", (ref RowBinaryReader row) => row.UInt64(),
            new QueryParameters { { "database", client.Database }, { "table", table } }, cancel: cancel))[0] > 0;

    private Task DropAsync(string table, CancellationToken cancel) => client.ExecuteAsync($"DROP TABLE IF EXISTS {Names.Quote(table)} SYNC", repeat: Repeat.Safe, cancel: cancel);
}
