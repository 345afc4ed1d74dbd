using Lambda.Domain.Log;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Actors.Messages;

// To the one run actor of the cluster, and back.

/// <summary>
/// Only in the journal: another actor drives the runs from here on. Whoever drove them before finds its next number taken, and whoever recovered too early finds that
/// here: it never has to write anything else to learn that it was overtaken.
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

/// <summary>The newest runs and what is served. Answered by <see cref="RunList"/>.</summary>
public sealed record GetRuns(int Limit) : IClusterMessage;

/// <param name="Runs">Newest first.</param>
public sealed record RunList(IReadOnlyList<RunReport> Runs, Publication Served) : IClusterMessage;
