using System.Buffers;
using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Embedded;

/// <summary>Takes erasures, in both editions: noted first, so that none is lost that became durable; then appended; then waited for until answers honour it.</summary>
internal sealed class EngineErasures(IEventLog log, ICustomerReads reads, ErasureLedger ledger, CustomerPseudonym pseudonyms, TimeProvider time) : IErasures
{
    private static readonly TimeSpan HonouredWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public IReadOnlyList<Erasure> List() => ledger.All();

    public Erasure? Find(Guid request) => ledger.Find(request);

    public async ValueTask<Erasure?> EraseAsync(CustomerId customer, bool evenIfUnknown, CancellationToken cancel)
    {
        var pseudonym = pseudonyms.Of(customer);
        switch (await reads.ReadAsync(customer, null, null, TimeSpan.Zero, cancel))
        {
            case CustomerRead.Unavailable no: throw new EngineUnavailableException(no.Reason, no.RetryAfter);
            case CustomerRead.Unknown when !evenIfUnknown: return ledger.All().LastOrDefault(e => e.Pseudonym == pseudonym && e.State != ErasureState.Lost);
        }
        var partition = reads.PartitionOf(customer);
        var erasure = new Erasure(Guid.NewGuid(), pseudonym, partition, log.EndOffset(partition), time.GetUtcNow().ToUnixTimeMilliseconds());
        ledger.Add(erasure);
        var offset = await AppendAsync(new CustomerErasure(customer, erasure.Request), partition);
        erasure = ledger.Change(erasure.Request, e => e with { Offset = offset, AppendedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds(), State = e.State == ErasureState.Requested ? ErasureState.Hidden : e.State });
        var honoured = await reads.ReadAsync(customer, null, [new Position(partition, offset)], HonouredWait, cancel);
        return honoured is CustomerRead.NotReached or CustomerRead.Unavailable
            ? throw new EngineUnavailableException($"the erasure {erasure.Request} is durable, but partition {partition} has not come to it yet", RetryAfter)
            : erasure;
    }

    private async Task<long> AppendAsync(CustomerErasure erasure, int partition)
    {
        var (batch, record) = (new AppendBatch(log.Partitions), new ArrayBufferWriter<byte>());
        ErasureRecords.Write(erasure, record);
        batch.Add(partition, record.WrittenSpan);
        try
        {
            return (await log.AppendAsync(batch, CancellationToken.None)).Single(p => p.Partition == partition).Offset; // who goes away must not leave it half done
        }
        catch (Exception e) when (e is LogFullException or LogWriteException)
        {
            ledger.Change(erasure.Request, l => l with { State = ErasureState.Lost });
            throw new EngineUnavailableException($"the log does not take the erasure now: {e.Message}", RetryAfter);
        }
    }
}
