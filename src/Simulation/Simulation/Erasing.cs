using System.Buffers;
using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Simulation;

/// <summary>A store whose removals may crash their caller.</summary>
public sealed class FaultyErasable(IErasable store, Faults faults) : IErasable
{
    public string Store => store.Store;

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel) => faults.Around($"removal from the {store.Store}", () => store.RemoveAsync(target, cancel));
}

/// <summary>Erasures that are asked for and physically removed, over the durable parts of a simulated installation.</summary>
public sealed class Erasing
{
    private readonly MemoryLog _log;
    private readonly ErasureLedger _ledger;
    private readonly ErasureRunner _runner;
    private readonly Faults _faults;
    private readonly TimeProvider _time;
    private int _asked;

    public Erasing(MemoryLog log, ICheckpointStore checkpoints, ISinkProgressStore sink, MemoryWarehouse warehouse, IQuarantine quarantine, IFacts facts, World world)
    {
        (_log, _faults, _time, _ledger) = (log, world.Faults, world.Time, new ErasureLedger(facts));
        var ground = new ErasureGround(log, checkpoints, sink, () => world.Served, _ => long.MaxValue,
            () => Enumerable.Range(0, log.Partitions).All(p => world.Host(p).Epochs.Published >= world.Served.Epoch), world.Time);
        IErasable[] stores = [new CheckpointErasure(new FaultyCheckpoints(checkpoints, _faults), world.Views, (uint)(world.HorizonMs / 1000), world.Time), warehouse, new QuarantineErasure(quarantine), new LogErasure(log)];
        _runner = new ErasureRunner(_ledger, ground, [new FaultyErasable(new QuarantineErasure(quarantine), _faults)], [.. stores.Select(s => new FaultyErasable(s, _faults))]);
    }

    public IReadOnlyList<Erasure> All => _ledger.All();

    /// <summary>As somebody asks for it: noted, appended; a crash may come in between or behind.</summary>
    public async Task AskAsync(CustomerId customer)
    {
        var partition = Partitioner.PartitionOf(customer.Utf8, _log.Partitions);
        var request = new Guid(++_asked, 1, 1, new byte[8]);
        _ledger.Add(new Erasure(request, "c:" + customer, partition, _log.EndOffset(partition), _time.GetUtcNow().ToUnixTimeMilliseconds()));
        var (batch, record) = (new AppendBatch(_log.Partitions), new ArrayBufferWriter<byte>());
        ErasureRecords.Write(new CustomerErasure(customer, request), record);
        batch.Add(partition, record.WrittenSpan);
        await new FaultyLog(_log, _faults).AppendAsync(batch, default);
    }

    public Task StepAsync() => _runner.StepAsync(default);

    public long KeepFrom(int partition) => ErasureRunner.KeepFrom(_ledger.All(), partition, _runner.StoresBeforeLog);
}
