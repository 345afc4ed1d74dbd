using Lambda.Domain.Log;

namespace Lambda.BatchLayer.Runs;

/// <summary>Where a run stands: the public states of the API, in order.</summary>
public enum RunStage { Barriers, Sinking, Computing, Checking, Published, Failed, Abandoned }

/// <summary>What a run does next: one effect, repeatable after a crash.</summary>
public abstract record RunStep
{
    private RunStep() { }

    public sealed record AppendBarriers : RunStep;
    public sealed record AwaitSink : RunStep;
    /// <summary>At the same time: a partition's recompute is cheapest on one thread of the warehouse.</summary>
    public sealed record Compute(IReadOnlyList<int> Partitions) : RunStep;
    public sealed record BuildBases(IReadOnlyList<int> Partitions) : RunStep;
    public sealed record Check : RunStep;
    public sealed record Publish : RunStep;
    public sealed record Nothing : RunStep;
}

/// <summary>One batch run, folded from its journal events. Pure: <see cref="Next"/> says what to do, the runner does it and journals what came of it.</summary>
public sealed record Run(
    string Id, long Epoch, string DefinitionHash, IReadOnlyList<long> LogEnds, long StartedAtMs, RunStage Stage,
    Cut? Cut, IReadOnlyList<long> CutAppendedAtMs, IReadOnlyList<long?> Customers, IReadOnlyList<Artefact?> Files,
    long Events, RunEvent.Checked? Checks, Publication? Publication, IReadOnlyList<string> Reasons, long? EndedAtMs,
    IReadOnlyList<(RunStage Stage, long AtMs)> Entered)
{
    public const int PartitionsAtOnce = 2;

    public int Partitions => LogEnds.Count;
    public bool IsFinal => Stage >= RunStage.Published;

    public static Run Begin(RunEvent.Started e) => new(
        e.Run, e.Epoch, e.DefinitionHash, e.LogEnds, e.AtMs, RunStage.Barriers, null, [], new long?[e.LogEnds.Count], new Artefact?[e.LogEnds.Count],
        0, null, null, [], null, [(RunStage.Barriers, e.AtMs)]);

    public Run Apply(RunEvent happened)
    {
        var after = happened switch
        {
            RunEvent.BarriersAppended e => this with { Stage = RunStage.Sinking, Cut = new Cut(e.Cut), CutAppendedAtMs = e.CutAppendedAtMs },
            RunEvent.Sunk e => this with { Stage = RunStage.Computing, Events = e.Events },
            RunEvent.PartitionComputed e => this with { Customers = Put(Customers, e.Partition, e.Customers) },
            RunEvent.BaseBuilt e => BuiltBase(e),
            RunEvent.Checked e => this with { Checks = e },
            RunEvent.Published e => this with { Stage = RunStage.Published, Publication = e.Publication, EndedAtMs = e.AtMs },
            RunEvent.Failed e => this with { Stage = RunStage.Failed, Reasons = e.Reasons, EndedAtMs = e.AtMs },
            RunEvent.Abandoned e => this with { Stage = RunStage.Abandoned, Reasons = [e.Reason], EndedAtMs = e.AtMs },
            _ => throw new InvalidOperationException($"run {Id}: unknown or misplaced event {happened.GetType().Name}"),
        };
        return after.Stage == Stage ? after : after with { Entered = [.. Entered, (after.Stage, happened.AtMs)] };
    }

    public RunStep Next() => Stage switch
    {
        RunStage.Barriers => new RunStep.AppendBarriers(),
        RunStage.Sinking => new RunStep.AwaitSink(),
        RunStage.Computing => NextPartitions(),
        RunStage.Checking => Checks is null ? new RunStep.Check() : new RunStep.Publish(),
        RunStage.Published or RunStage.Failed or RunStage.Abandoned => new RunStep.Nothing(),
        _ => throw new InvalidOperationException($"unknown stage {Stage}"),
    };

    // Few partitions are computed and streamed out before the next: their pages are still warm, and memory is bounded.
    private RunStep NextPartitions()
    {
        var computed = Enumerable.Range(0, Partitions).Where(p => Customers[p] is not null && Files[p] is null).Take(PartitionsAtOnce).ToList();
        if (computed.Count > 0) return new RunStep.BuildBases(computed);
        var missing = Enumerable.Range(0, Partitions).Where(p => Customers[p] is null).Take(PartitionsAtOnce).ToList();
        return missing.Count > 0
            ? new RunStep.Compute(missing)
            : throw new InvalidOperationException($"run {Id}: every partition is built, the stage should have changed");
    }

    private Run BuiltBase(RunEvent.BaseBuilt e)
    {
        var files = Put(Files, e.Partition, e.File);
        return this with { Files = files, Stage = files.All(f => f is not null) ? RunStage.Checking : Stage };
    }

    private static T[] Put<T>(IReadOnlyList<T> list, int index, T value)
    {
        T[] copy = [.. list];
        copy[index] = value;
        return copy;
    }
}
