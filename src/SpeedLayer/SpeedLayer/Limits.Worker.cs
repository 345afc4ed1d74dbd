namespace Lambda.SpeedLayer;

public static partial class Limits
{
    // --- partition worker ---------------------------------------------------------------------------------------------------
    /// <summary>Records folded under one hold of the partition's gate: about half a millisecond, so that reads stay quick.</summary>
    public const int FoldSliceRecords = 512;

    /// <summary>Entities encoded into a checkpoint image at a time: well under the 20 ms that a commit may be delayed.</summary>
    public const int CheckpointSliceEntities = 1024;

    /// <summary>Entities that eviction looks at under one hold of the partition's gate.</summary>
    public const int EvictionSliceEntities = 512;

    /// <summary>Records behind the last checkpoint at which the next is written: replay of about a second over all partitions.</summary>
    public const int CheckpointRecordsDefault = 100_000;

    /// <summary>Age at which a checkpoint is written however little happened, milliseconds.</summary>
    public const long CheckpointIntervalMsDefault = 60_000;

    /// <summary>After a checkpoint that could not be written (disk full, database away) it is tried again, milliseconds.</summary>
    public const long CheckpointRetryMs = 2_000;

    /// <summary>Clean entities above this number leave memory, those untouched since the last checkpoint first.</summary>
    public const int ResidentEntitiesPerPartition = 250_000;

    // --- sink -----------------------------------------------------------------------------------------------------------------
    /// <summary>Most rows of one insert.</summary>
    public const int SinkRowsMax = 100_000;

    /// <summary>Rows that make an insert worth while at once: the largest insert, for every insert makes a part that must be merged later.</summary>
    public const int SinkRowsDefault = SinkRowsMax;

    /// <summary>Age of the oldest waiting record at which fewer rows are inserted, milliseconds.</summary>
    public const long SinkDelayMsDefault = 700;

    /// <summary>Bytes the sink reads from the log at a time.</summary>
    public const int SinkReadBytes = 8 * 1024 * 1024;

    // --- authorizations -----------------------------------------------------------------------------------------------------
    /// <summary>Authorizations of a partition under way and waiting; more are shed by policy.</summary>
    public const int AuthorizationsPending = 2_000;

    /// <summary>What folded events tell others (cards, alerts) is tried again after so long when it could not be stored.</summary>
    internal const long FactsRetryMs = 500;
}
