using Lambda.Cluster.Actors.Customers;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>Keeps this partition's rows of `customer_current`.</summary>
internal sealed partial class PartitionActor
{
    private long PopulationBelow => long.MaxValue;
    private string PopulationSwept => "";

    private void BeginPopulation() { }

    private void AdvancePopulation() { }

    private static void MarkChanged(Resident customer) => _ = customer;

    private void OnPopulationMessage(object message) => Unhandled(message);
}
