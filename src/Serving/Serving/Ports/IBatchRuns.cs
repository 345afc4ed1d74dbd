namespace Lambda.Serving.Ports;

/// <summary>Batch runs: started here or by the daily schedule, journalled, resumable.</summary>
public interface IBatchRuns
{
    /// <exception cref="EngineUnavailableException">A run cannot be started now.</exception>
    ValueTask<RunStart> StartAsync(CancellationToken cancel);

    /// <summary>Ends a run without publishing; what is served stays. Waits a moment for it to end: a report that is not final yet means that it will.</summary>
    /// <returns>Null when no run has this name.</returns>
    ValueTask<RunAbandon?> AbandonAsync(string run, CancellationToken cancel);

    /// <summary>Null when no run has this name.</summary>
    RunReport? Get(string run);

    /// <summary>Newest first.</summary>
    IReadOnlyList<RunReport> List(int limit);
}

/// <param name="Started">False: <paramref name="Run"/> was running already and is what hinders.</param>
public readonly record struct RunStart(bool Started, RunReport Run);

/// <param name="Taken">False: <paramref name="Run"/> had ended otherwise, or before it was asked for.</param>
public readonly record struct RunAbandon(bool Taken, RunReport Run);

/// <summary>States of a run in their order; the last three are final. Written in lower case.</summary>
public enum RunState { Barriers, Sinking, Computing, Checking, Published, Failed, Abandoned }

/// <param name="Reasons">Why it failed or was abandoned, and what it warns of; one sentence each.</param>
/// <param name="Counts">Named totals: events, customers, late_repeats, differences, base_bytes, ….</param>
/// <param name="StepsMs">Time spent in each state passed so far.</param>
public sealed record RunReport(
    string Run, long Epoch, RunState State, string Definition, long StartedAtMs, long? EndedAtMs,
    IReadOnlyList<string> Reasons, IReadOnlyDictionary<string, long> Counts, IReadOnlyList<(RunState State, long Ms)> StepsMs)
{
    public bool IsFinal => State >= RunState.Published;
}
