using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.SpeedLayer.Worker;

namespace Lambda.BatchLayer.Runs;

public sealed record BatchPorts(IRunJournal Journal, IWarehouse Warehouse, ISpeedSide Speed, IViewCatalog Views, TimeProvider Time);

/// <summary>
/// Drives runs: takes the next step of the active run, does it, journals what came of it. A crash between the two repeats the step, so every
/// step is idempotent. Not thread-safe: one driver calls it.
/// </summary>
public sealed class BatchRunner(BatchPorts ports, Publication initial)
{
    private const int NamedCustomersMax = 20;

    private readonly SemaphoreSlim _recording = new(1); // partitions are computed side by side

    public RunHistory History { get; } = new(initial, ports.Journal.Load());

    /// <summary>Begins a run under this definition: journalled before the first barrier.</summary>
    /// <returns>The new run; null while another is active or the last publication is not yet served everywhere.</returns>
    public async Task<Run?> StartAsync(string runId, string definitionHash)
    {
        // A barrier that overtook an adoption would begin the next definition's delta twice: see Epochs.
        if (History.Active is not null || !ports.Speed.HasAdopted(History.Served.Epoch)) return null;
        await RecordAsync(new RunEvent.Started(runId, Now(), History.NextEpoch, definitionHash, ports.Speed.LogEnds()));
        return History.Active;
    }

    /// <summary>Takes one step of the active run.</summary>
    /// <returns>False when there is nothing to do now: no active run, or it waits for the sink.</returns>
    /// <remarks>Infrastructure faults are thrown: the driver retries the step later. Failed checks end the run.</remarks>
    public async Task<bool> StepAsync(CancellationToken cancel)
    {
        if (History.Active is not { } run) return false;
        switch (run.Next())
        {
            case RunStep.AppendBarriers: await AppendBarriers(run, cancel); return true;
            case RunStep.AwaitSink: return await FailIfStopped(run, AwaitSink, cancel);
            case RunStep.Compute step: await Task.WhenAll(step.Partitions.Select(p => Compute(run, p, cancel))); return true;
            case RunStep.BuildBases step: await BuildBases(run, step.Partitions, cancel); return true;
            case RunStep.Check: return await FailIfStopped(run, Check, cancel);
            case RunStep.Publish: await PublishAsync(run); return true;
            default: throw new InvalidOperationException($"run {run.Id}: no step in stage {run.Stage}");
        }
    }

    private async Task<bool> FailIfStopped(Run run, Func<Run, CancellationToken, Task<bool>> step, CancellationToken cancel)
    {
        try
        {
            return await step(run, cancel);
        }
        catch (StoppedException e)
        {
            await FailAsync(run, [e.Message]);
            return true;
        }
    }

    /// <summary>Ends the active run without publishing, because somebody wants so.</summary>
    public Task AbandonAsync(string reason, CancellationToken cancel) => EndAsync(run => new RunEvent.Abandoned(run.Id, Now(), reason), cancel);

    /// <summary>Ends the active run without publishing, because a step of it cannot be done.</summary>
    public Task FailAsync(string reason, CancellationToken cancel) => EndAsync(run => new RunEvent.Failed(run.Id, Now(), [reason]), cancel);

    // Its barriers are completed first: a partition without one would ignore the next.
    private async Task EndAsync(Func<Run, RunEvent> end, CancellationToken cancel)
    {
        if (History.Active is not { } run) return;
        if (run.Stage == RunStage.Barriers) await AppendBarriers(run, cancel);
        await RecordAsync(end(run));
    }

    /// <summary>Forgets computed tables that nothing names any more.</summary>
    public Task CleanUpAsync(CancellationToken cancel)
    {
        long[] keep = History.Active is { } run ? [History.Served.Epoch, run.Epoch] : [History.Served.Epoch];
        return ports.Warehouse.DropComputedAsync(keep, cancel);
    }

    private async Task AppendBarriers(Run run, CancellationToken cancel)
    {
        var (cut, at) = await ports.Speed.AppendBarriersAsync(new EpochBarrier(run.Epoch, run.Id, run.DefinitionHash), run.LogEnds, cancel);
        await RecordAsync(new RunEvent.BarriersAppended(run.Id, Now(), cut, at));
    }

    private async Task<bool> AwaitSink(Run run, CancellationToken cancel)
    {
        var expected = new SinkTotals[run.Partitions];
        for (var p = 0; p < run.Partitions; p++)
        {
            if (ports.Speed.SinkAtBarrier(p, run.Epoch) is not { } totals) return false;
            expected[p] = totals;
        }
        var held = await ports.Warehouse.TotalsAsync(run.Cut!, cancel);
        var wrong = expected.SelectMany((e, p) => TotalsDiffer(p, e, held.First(t => t.Partition == p))).ToList();
        if (wrong.Count > 0) await FailAsync(run, wrong);
        else await RecordAsync(new RunEvent.Sunk(run.Id, Now(), expected.Sum(e => e.Events)));
        return true;
    }

    private static IEnumerable<string> TotalsDiffer(int partition, SinkTotals sunk, RawTotals held)
    {
        if (sunk.Events != held.Events)
            yield return $"partition {partition}: the warehouse holds {held.Events} distinct positions below the cut, the sink handed over {sunk.Events}";
        if (sunk.HashSum != held.HashSum)
            yield return $"partition {partition}: the contents below the cut differ from what the sink handed over (hash sum {held.HashSum:x16}, expected {sunk.HashSum:x16})";
        if (sunk.BillingMinorSum != held.BillingMinorSum)
            yield return $"partition {partition}: billing_amount_minor sums to {held.BillingMinorSum} in the warehouse, {sunk.BillingMinorSum} in the log";
    }

    private async Task Compute(Run run, int partition, CancellationToken cancel)
    {
        var view = ports.Views.ByHash(run.DefinitionHash);
        var customers = await ports.Warehouse.ComputeAsync(view, run.Epoch, partition, run.Cut![partition], LastPrunedDay(run, view, partition), cancel);
        await RecordAsync(new RunEvent.PartitionComputed(run.Id, Now(), partition, customers));
    }

    private async Task BuildBases(Run run, IReadOnlyList<int> partitions, CancellationToken cancel)
    {
        var files = await Task.WhenAll(partitions.Select(p => BuildBase(run, p, cancel)));
        var wrong = partitions.Zip(files).Where(f => f.Second.Rows != run.Customers[f.First])
            .Select(f => $"partition {f.First}: {run.Customers[f.First]} customers were computed but {f.Second.Rows} came out").ToList();
        if (wrong.Count > 0) await FailAsync(run, wrong);
        else
            foreach (var (partition, file) in partitions.Zip(files)) await RecordAsync(new RunEvent.BaseBuilt(run.Id, Now(), partition, file));
    }

    private Task<Artefact> BuildBase(Run run, int partition, CancellationToken cancel)
    {
        var view = ports.Views.ByHash(run.DefinitionHash);
        var states = ports.Warehouse.ReadComputedAsync(view, run.Epoch, partition, cancel);
        return ports.Speed.BuildBaseAsync(run.Epoch, run.DefinitionHash, partition, states, cancel);
    }

    private async Task<bool> Check(Run run, CancellationToken cancel)
    {
        var checkpointed = Enumerable.Range(0, run.Partitions).Select(p => ports.Speed.IsCheckpointedPast(p, run.Cut![p])).ToList();
        if (checkpointed.Contains(false)) return false;
        var view = ports.Views.ByHash(run.DefinitionHash);
        long compared = 0, explained = 0, lateRepeats = 0;
        var unexplained = new List<string>();
        for (var p = 0; p < run.Partitions; p++)
        {
            var comparison = await ports.Speed.CompareAsync(p, run.Epoch, History.Served, view, run.Files[p]!, LastPrunedDay(run, view, p), cancel);
            var repeats = await ports.Warehouse.LateRepeatsAsync(p, History.Served.Cut[p], run.Cut![p], ports.Speed.HorizonMs, cancel);
            var late = repeats.Select(r => r.Customer).ToHashSet();
            compared += comparison.Compared;
            lateRepeats += repeats.Count;
            explained += comparison.Differing.Count(late.Contains);
            unexplained.AddRange(comparison.Differing.Where(c => !late.Contains(c)).Select(c => c.ToString()));
        }
        if (unexplained.Count == 0) await RecordAsync(new RunEvent.Checked(run.Id, Now(), compared, explained, lateRepeats));
        else await FailAsync(run, [Unexplained(unexplained)]);
        return true;
    }

    private static string Unexplained(List<string> customers) =>
        $"{customers.Count} customers differ from base ⊕ closed without a repeat past the horizon: "
        + string.Join(", ", customers.Take(NamedCustomersMax)) + (customers.Count > NamedCustomersMax ? ", …" : "");

    private Task PublishAsync(Run run)
    {
        var publication = new Publication(run.Epoch, run.Id, run.DefinitionHash, run.Cut!, run.CutAppendedAtMs, [.. run.Files.Select(f => f!)], Now());
        return RecordAsync(new RunEvent.Published(run.Id, Now(), publication));
    }

    private Task FailAsync(Run run, IReadOnlyList<string> reasons) => RecordAsync(new RunEvent.Failed(run.Id, Now(), reasons));

    private async Task RecordAsync(RunEvent happened)
    {
        await _recording.WaitAsync();
        try
        {
            await ports.Journal.AppendAsync(happened);
            History.Apply(happened);
        }
        finally
        {
            _recording.Release();
        }
    }

    private static int LastPrunedDay(Run run, CompiledView view, int partition) =>
        Clock.DayOfMs(run.CutAppendedAtMs[partition]) - view.Definition.TileRetentionDays;

    private long Now() => ports.Time.GetUtcNow().ToUnixTimeMilliseconds();
}
