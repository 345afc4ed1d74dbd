using Lambda.SpeedLayer.Ports;
using Lambda.Warehouse.Native;

namespace Lambda.Warehouse.Population;

/// <summary>Rows that hide customers in a table of whatever definition: only what every such table has.</summary>
internal sealed class HidingBlock
{
    public HidingBlock(IReadOnlyList<PopulationRow> gone)
    {
        var customer = new TextColumn("customer_id");
        var (partition, epoch, applied) = (new NumberColumn("partition", "UInt16", 2), new NumberColumn("epoch", "Int64", 8), new NumberColumn("applied", "Int64", 8));
        var (asOf, stamp, hides) = (new NumberColumn("as_of", "Date32", 4), new NumberColumn("stamp", PopulationTable.StampType, 16), new NumberColumn("gone", "UInt8", 1));
        Block = new NativeBlock([customer, partition, epoch, applied, asOf, stamp, hides]);
        for (var row = 0; row < gone.Count; row++)
        {
            customer.Set(row, gone[row].Customer.Utf8);
            partition.Set(row, gone[row].Partition);
            epoch.Set(row, gone[row].Epoch);
            applied.Set(row, gone[row].Applied);
            asOf.Set(row, OutputWriter.WithinDate32(gone[row].Answer.AsOfDay));
            stamp.Set(row, PopulationTable.StampOf(gone[row]));
            hides.Set(row, 1);
        }
        Block.Rows = gone.Count;
    }

    public NativeBlock Block { get; }
}
