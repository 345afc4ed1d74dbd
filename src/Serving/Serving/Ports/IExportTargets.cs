namespace Lambda.Serving.Ports;

/// <summary>Where export jobs may write: below roots that the operator configured, nowhere else.</summary>
public interface IExportTargets
{
    /// <summary>The kind of place that is its node's own.</summary>
    const string Folder = "folder";

    /// <param name="kind">`folder` or `s3`.</param>
    /// <param name="path">Below the root of that kind; names joined by `/`.</param>
    /// <exception cref="ExportRefusedException">There is no root of this kind, or the path leads out of it.</exception>
    IExportTarget Open(string kind, string path);
}

/// <summary>One place with files.</summary>
public interface IExportTarget
{
    /// <summary>For people: the folder or the bucket with its prefix.</summary>
    string Place { get; }

    /// <summary>Makes the place and removes what a broken-off try left half written.</summary>
    Task PrepareAsync(CancellationToken cancel);

    /// <summary>Writes a file: others see it whole and durable, or not at all. One of the same name is replaced.</summary>
    Task WriteAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancel);

    /// <returns>False when there was none of this name, as far as that can be told.</returns>
    Task<bool> DeleteAsync(string name, CancellationToken cancel);
}

public sealed class ExportRefusedException(string message) : Exception(message);

/// <summary>Export jobs as they stand, kept with the installation: a job outlives the process that runs it.</summary>
public interface IExportJournal
{
    ExportJob? Get(string id);

    /// <summary>Newest first.</summary>
    IReadOnlyList<ExportJob> List();

    /// <summary>Durable when it returns. Jobs beyond <see cref="Limits.ExportJobsKept"/> are forgotten, ended ones first.</summary>
    void Put(ExportJob job);
}

public enum ExportState { Queued, Running, Done, Failed, Cancelled }

/// <param name="Node">Who runs it, and goes on with it after a restart.</param>
/// <param name="Columns">Names, all resolved.</param>
/// <param name="Bounds">Customer ids that part the job, ascending; null until they were chosen.</param>
/// <param name="Parts">Those that are written whole, in their order.</param>
/// <param name="OldestEpoch">Of all rows when the job began.</param>
/// <param name="By">Whose job it is: it goes on with the rights it was made with, and no others.</param>
public sealed record ExportJob(
    string Id, string Node, ExportState State, string Definition, string? Where, IReadOnlyList<string> Columns, bool WithSegments, ExportFormat Format,
    string Kind, string Path, string Place, IReadOnlyList<string>? Bounds, IReadOnlyList<ExportPart> Parts, long OldestEpoch, int? OldestAsOfDay,
    long CreatedAtMs, long? EndedAtMs, string? Reason, ExportRights By)
{
    /// <summary>Files that its node is still to delete from its folder, because a customer in them was erased, and then to write the manifest anew; null when it has.</summary>
    public IReadOnlyList<string>? Forgotten { get; init; }

    public bool IsFinal => State >= ExportState.Done;
}

/// <param name="Name">Name of the key.</param>
public sealed record ExportRights(string KeyId, string Name, bool SeesPersonalData);

/// <param name="Sha256">Of the file, lower-case hex.</param>
public sealed record ExportPart(string Name, long Rows, long Bytes, string Sha256);
