using Lambda.BatchLayer.Ports;
using Lambda.Domain.Fraud;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Fraud;

/// <summary>Fraud memories of a partition's customers, folded from all its raw events: for a partition whose checkpoints were lost, or are of a Lambda that had none.</summary>
internal static class RebuiltMemories
{
    public static FraudMemories From(IFraudHistory history) => (partition, cut) => Task.Run(() => ReadAsync(history, partition, cut)).GetAwaiter().GetResult();

    private static async Task<IReadOnlyDictionary<ulong, FraudState>> ReadAsync(IFraudHistory history, int partition, long cut)
    {
        var (memories, scratch) = (new Dictionary<ulong, FraudState>(), new FraudScratch());
        await foreach (var customer in history.CustomersAsync(partition, cut, DecisionsFrom.None, CancellationToken.None))
        {
            var state = new FraudState();
            foreach (ref readonly var record in customer.Span) state.Add(record.Event, scratch);
            if (customer.Length > 0) memories[customer.Span[0].Customer] = state;
        }
        return memories;
    }
}
