using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Actors.Region;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Segments;
using Lambda.SpeedLayer.Sink;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>What the partitions of a node stand on.</summary>
/// <param name="Raw">Where the sinks of this node insert.</param>
/// <param name="SinkProgress">Sink progress as the owner with this generation of this partition may write it.</param>
/// <param name="Served">The publication that is served; asked at every start of a partition.</param>
/// <param name="OnError">Told what failed where; the partition goes on or stops by itself.</param>
public sealed record PartitionParts(
    SpeedPorts Speed, IWarehouse Warehouse, IRawEvents Raw, IPopulation Population, IBaseStore Bases, IPartitionLeases Leases, Func<int, long, ISinkProgressStore> SinkProgress,
    Func<CancellationToken, Task<Publication>> Served, Func<int, WorkerSettings> Settings, SinkPolicy Sink, IPopulationMarks PopulationMarks, string Node, Action<string, Exception> OnError)
{
    public PartitionLimits Limits { get; init; } = new();

    /// <summary>Finds who enters and leaves segments; null: nobody asks.</summary>
    public SegmentWatch? Segments { get; init; }

    /// <summary>What estimates in the rows are made with, as this node knows it; null: none.</summary>
    public Func<LifetimeModel?> Model { get; init; } = () => null;

    /// <summary>Who is one person with whom; null: nobody is merged. Null from it: it cannot be asked yet, and no row is written.</summary>
    public Func<IPersons?>? Persons { get; init; }

    /// <summary>By partition, the offset from which the log is needed for something else than folding it: what is before it may go as far as that is concerned.</summary>
    public Func<int, long> NeededFrom { get; init; } = _ => long.MaxValue;

    /// <summary>Where what takes time is done.</summary>
    public TaskScheduler Background { get; init; } = TaskScheduler.Default;

    /// <summary>Of the node.</summary>
    public Backlog Backlog { get; } = new(Speed.Time);
}

/// <summary>How far the population table is behind a partition, kept for its next owner.</summary>
/// <param name="Below">Every change of records below this offset is in the table.</param>
/// <param name="Swept">What all customers were last swept for: epoch, day, and the model where it has columns.</param>
/// <param name="Linked">Changes of persons up to this number of the identity log are in it.</param>
public sealed record PopulationMark(long Below, string Swept, long Linked = 0);

public interface IPopulationMarks
{
    /// <summary>(0, "") when there is none.</summary>
    PopulationMark Load(int partition);

    void Save(int partition, PopulationMark mark);
}

/// <summary>Bounds of an actor partition.</summary>
public sealed record PartitionLimits
{
    /// <summary>Records of one slice: the missing entities of it are loaded in one query.</summary>
    public int SliceRecords { get; init; } = 2_048;

    /// <summary>Records told and not yet folded: with one slice at a time, reads that came meanwhile are next.</summary>
    public int RecordsInFlight { get; init; } = 2_048;

    /// <summary>Customers told at a time to give their state to a checkpoint: about two milliseconds, for readers wait meanwhile.</summary>
    public int SnapshotsAtATime { get; init; } = 512;

    /// <summary>Bytes read from the log at a time.</summary>
    public int ReadBytes { get; init; } = 2 << 20;

    /// <summary>Frames wait for folding until so many records are there; then nothing more is read.</summary>
    public int RecordsQueued { get; init; } = 16_384;

    /// <summary>Customer actors above this number are stopped after a checkpoint, longest untouched first, as far as they are clean.</summary>
    public int Residents { get; init; } = 400_000;

    /// <summary>A customer untouched for so many checkpoints is stopped.</summary>
    public int IdleCheckpoints { get; init; } = 10;

    /// <summary>An owner that has not read its log for so long refuses reads.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long reading the log waits for news.</summary>
    public TimeSpan LogWait { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Rows of one write into the population table.</summary>
    public int PopulationRows { get; init; } = 5_000;

    /// <summary>Customers of one look at the sweep, which takes a write's turn: with four writes' worth a partition sweeps 5,000 a second.</summary>
    public int SweepLook { get; init; } = 20_000;

    public TimeSpan PopulationEvery { get; init; } = TimeSpan.FromMilliseconds(800);

    /// <summary>
    /// While the node is behind, rows are written rarely and few of them: a row costs ten times what folding an event does, a customer who changes again and
    /// again is then written once, and the processor catches up.
    /// </summary>
    public TimeSpan PopulationEveryBehind { get; init; } = TimeSpan.FromSeconds(10);

    public int PopulationRowsBehind { get; init; } = 500;

    /// <summary>A partition is behind when its oldest record that no customer was told is older, or one that is not in the warehouse older than the second.</summary>
    public TimeSpan FoldBehind { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan SinkBehind { get; init; } = TimeSpan.FromSeconds(3);

    public TimeSpan Tick { get; init; } = TimeSpan.FromMilliseconds(50);
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>One owner a partition: the lease gives the generation that fences everything the owner writes.</summary>
public interface IPartitionLeases
{
    /// <summary>Waits as long as another owner holds it.</summary>
    Task<IPartitionLease> AcquireAsync(int partition, CancellationToken cancel);
}

public interface IPartitionLease
{
    /// <summary>Higher than that of every owner before.</summary>
    long Generation { get; }

    /// <summary>May read and decide: renewed lately, and not overtaken.</summary>
    bool IsHeld { get; }

    /// <summary>Somebody else may own the partition: this owner must stop.</summary>
    bool IsOvertaken { get; }

    /// <summary>Gives it back, so that the next owner need not wait.</summary>
    void Release();
}
