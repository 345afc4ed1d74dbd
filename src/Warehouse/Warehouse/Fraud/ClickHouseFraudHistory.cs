using System.Runtime.CompilerServices;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.RawEvents;

namespace Lambda.Warehouse.Fraud;

/// <summary>Raw events as fraud features see them, streamed out of ClickHouse.</summary>
public sealed class ClickHouseFraudHistory(ClickHouseClient client) : IFraudHistory
{
    private readonly BatchSettings _batch = new(client);

    public async IAsyncEnumerable<ReadOnlyMemory<FraudRecord>> CustomersAsync(int partition, long cutOffset, DecisionsFrom decisions, [EnumeratorCancellation] CancellationToken cancel)
    {
        var hasErasures = await HasErasuresAsync(partition, cutOffset, cancel);
        await using var decided = decisions.Offset >= cutOffset ? null : new DecisionStream(client.QueryAsync(FraudHistorySql.Decisions(hasErasures, decisions.HasSpan), DecisionStream.Read,
            Asked(partition, cutOffset, decisions), await _batch.GetAsync(cancel), cancel: cancel).GetAsyncEnumerator(cancel));
        var rows = new FraudRows();
        await foreach (var row in client.QueryAsync(FraudHistorySql.Events(hasErasures), FraudRows.Read, Place(partition, cutOffset), await _batch.GetAsync(cancel), cancel: cancel))
        {
            if (rows.IsOfAnother(row) && rows.Any) yield return rows.Take(decided is null ? null : await decided.OfAsync(rows.Customer));
            rows.Add(row);
        }
        if (rows.Any) yield return rows.Take(decided is null ? null : await decided.OfAsync(rows.Customer));
    }

    public async Task<IReadOnlySet<(ulong Customer, ulong Transaction)>> TakenBackAsync(int partition, long cutOffset, CancellationToken cancel) => (await client.ListAsync(
        FraudHistorySql.TakenBack(await HasErasuresAsync(partition, cutOffset, cancel)), (ref RowBinaryReader row) => (row.UInt64(), row.UInt64()), Place(partition, cutOffset), await _batch.GetAsync(cancel), cancel: cancel)).ToHashSet();

    public async Task<long?> NewestTransactionAsync(Cut cut, CancellationToken cancel)
    {
        long? newest = null;
        for (var p = 0; p < cut.Partitions; p++)
        {
            var found = await client.ListAsync(FraudHistorySql.Newest, (ref RowBinaryReader row) => (At: row.Int64(), Count: row.UInt64()), Place(p, cut[p]), await _batch.GetAsync(cancel), cancel: cancel);
            if (found[0].Count > 0) newest = Math.Max(newest ?? long.MinValue, found[0].At);
        }
        return newest;
    }

    private async Task<bool> HasErasuresAsync(int partition, long cutOffset, CancellationToken cancel) => (await client.ListAsync(
        $"SELECT count() FROM {ErasureBlock.Table} WHERE partition = {{partition:UInt16}} AND offset < {{cut:Int64}}", (ref RowBinaryReader row) => row.UInt64(), Place(partition, cutOffset), cancel: cancel))[0] > 0;

    private static QueryParameters Asked(int partition, long cutOffset, DecisionsFrom decisions)
    {
        var asked = new QueryParameters { { "partition", partition }, { "cut", cutOffset }, { "from", decisions.Offset }, { "since", decisions.OccurredAtMicros } };
        if (!decisions.HasSpan) return asked;
        asked.Add("decided_from", decisions.DecidedFromMicros);
        asked.Add("decided_to", decisions.DecidedToMicros);
        return asked;
    }

    private static QueryParameters Place(int partition, long cutOffset) => new() { { "partition", partition }, { "cut", cutOffset } };

    /// <summary>Decisions in the order of the customers: those of one are taken when it is its turn.</summary>
    private sealed class DecisionStream(IAsyncEnumerator<DecidedRow> rows) : IAsyncDisposable
    {
        private bool _has, _begun;

        public static DecidedRow Read(ref RowBinaryReader row)
        {
            var (customer, offset) = (row.UInt64(), row.Int64());
            var body = row.Bytes();
            if (row.Incomplete) return default;
            var kept = body.ToArray();
            return new DecidedRow(customer, offset, FraudRecord.DecisionOf(kept), kept);
        }

        public async ValueTask<Dictionary<long, DecidedRow>?> OfAsync(ulong customer)
        {
            if (!_begun) (_begun, _has) = (true, await rows.MoveNextAsync());
            Dictionary<long, DecidedRow>? own = null;
            for (; _has && rows.Current.Customer == customer; _has = await rows.MoveNextAsync())
                (own ??= [])[rows.Current.Offset] = rows.Current;
            return own;
        }

        public ValueTask DisposeAsync() => rows.DisposeAsync();
    }
}
