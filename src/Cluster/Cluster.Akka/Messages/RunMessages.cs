using Lambda.Domain.Log;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Messages;

// To the one run actor of the cluster, and back.

/// <summary>
/// Only in the journal: an actor drives the runs from here on, or made sure that it still does. Two of them write the same numbers, so whoever was overtaken by then could
/// not write it.
/// </summary>
public sealed record RunsTaken : IClusterMessage;

/// <summary>Begin a run. Answered by <see cref="RunAnswer"/> or <see cref="RunRefused"/>.</summary>
public sealed record BeginRun : IClusterMessage;

/// <summary>End a run without publishing. Answered by <see cref="RunAnswer"/> or <see cref="RunRefused"/>.</summary>
public sealed record AbandonRun(string Run) : IClusterMessage;

/// <param name="Taken">False: this run hinders, or had ended already.</param>
/// <param name="Run">Null when no run has the name asked for.</param>
public sealed record RunAnswer(bool Taken, RunReport? Run) : IClusterMessage;

/// <summary>Not now.</summary>
public sealed record RunRefused(string Reason) : IClusterMessage;

/// <summary>
/// What is served, for a partition that begins. Answered by a <see cref="RunList"/> without runs, only by who drove the runs when it was asked: one that was overtaken would
/// name a base that is past, behind which barriers lie already.
/// </summary>
public sealed record GetServed : IClusterMessage;

/// <summary>The newest runs and what is served. Answered by <see cref="RunList"/>.</summary>
public sealed record GetRuns(int Limit) : IClusterMessage;

/// <param name="Runs">Newest first.</param>
public sealed record RunList(IReadOnlyList<RunReport> Runs, Publication Served) : IClusterMessage;
