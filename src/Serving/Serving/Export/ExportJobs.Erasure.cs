using System.Text;
using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Export;

/// <param name="Deleted">Files found now: deleted, or noted for the node in whose folder they are.</param>
/// <param name="Waits">Why it is not complete yet; null when it is.</param>
/// <param name="OutOfReach">Files in folders of nodes that did not come back.</param>
public sealed record ForgottenExports(long Deleted, string? Waits, IReadOnlyList<string> OutOfReach);

// What is left of somebody who was erased.
public sealed partial class ExportJobs
{
    private const string Erased = "(erased)";

    /// <summary>
    /// A customer lies in one part of an export at most, the one that its id falls into: that file is deleted whole, whatever its format, and job and manifest say so.
    /// Files in another node's folder are that node's to delete: it finds them noted in the journal (<see cref="DeleteForgottenAsync"/>). Copies that somebody made are out of reach.
    /// </summary>
    /// <param name="beganBeforeMs">Exports that began later read what was clean by then. A node that is away for a day from then on is waited for no more.</param>
    /// <exception cref="EngineUnavailableException">The bucket does not answer now.</exception>
    public async Task<ForgottenExports> ForgetAsync(CustomerId person, long beganBeforeMs, CancellationToken cancel)
    {
        var before = _journal.List().Where(j => j.CreatedAtMs <= beganBeforeMs).ToList();
        if (before.Find(j => !j.IsFinal) is { } running) return new ForgottenExports(0, $"{running.Id} is being written, and began before", []);
        var found = 0L;
        foreach (var job in before) found += await ForgetAsync(job, person, cancel);
        var noted = before.Select(j => _journal.Get(j.Id)).OfType<ExportJob>().Where(j => j.Forgotten is not null).Select(j => $"{string.Join(", ", j.Forgotten!.DefaultIfEmpty(ExportManifest.File))} of {j.Id} on {j.Node}").ToList();
        if (noted.Count == 0) return new ForgottenExports(found, null, []);
        return NowMs - beganBeforeMs > (long)Limits.ExportNodeAway.TotalMilliseconds
            ? new ForgottenExports(found, null, noted)
            : new ForgottenExports(found, $"its node is still to delete {string.Join("; ", noted)}", []);
    }

    /// <summary>Deletes from this node's folder what an erasure has noted, whoever drives that.</summary>
    public async Task DeleteForgottenAsync(CancellationToken cancel)
    {
        foreach (var job in _journal.List().Where(j => j.Node == _node && j is { IsFinal: true, Forgotten: not null })) await DeleteAsync(job, job.Forgotten!, cancel);
    }

    private async Task<long> ForgetAsync(ExportJob job, CustomerId person, CancellationToken cancel)
    {
        var (holding, bounds) = PartsOf(job, person);
        var noted = job.Forgotten ?? [];
        List<string> found = [.. job.Parts.Select(p => p.Name).Where(holding.Contains).Except(noted)];
        var isAsked = job.Where is not null && Words.Pattern(person.ToString()).IsMatch(job.Where);
        if (found.Count == 0 && !isAsked && ReferenceEquals(bounds, job.Bounds)) return 0;
        var left = job with { Bounds = bounds, Where = isAsked ? Erased : job.Where };
        if (job.Kind == IExportTargets.Folder && job.Node != _node) _journal.Put(left with { Forgotten = [.. noted, .. found] });
        else await DeleteAsync(left, [.. noted, .. found], cancel);
        return found.Count;
    }

    private async Task DeleteAsync(ExportJob job, IReadOnlyList<string> names, CancellationToken cancel)
    {
        var target = _targets.Open(job.Kind, job.Path);
        foreach (var name in names) await target.DeleteAsync(name, cancel);
        var left = job with
        {
            Parts = [.. job.Parts.Where(p => !names.Contains(p.Name))],
            Reason = names.Count == 0 ? job.Reason : $"{string.Join(", ", names)} deleted: a customer in it was erased",
            Forgotten = null,
        };
        if (job.State == ExportState.Done) await target.WriteAsync(ExportManifest.File, (to, c) => to.WriteAsync(Encoding.UTF8.GetBytes(ExportManifest.Of(left)), c).AsTask(), cancel);
        _journal.Put(left); // last: until then it is done again
    }

    /// <summary>
    /// The parts to delete, and the bounds without the id. Where the id itself parts the job, both neighbours go: what is left then still lies in the parts it falls into, so
    /// that somebody else can be found later.
    /// </summary>
    private static (HashSet<string> Holding, IReadOnlyList<string>? Bounds) PartsOf(ExportJob job, CustomerId person)
    {
        var bounds = job.Bounds ?? [];
        var at = bounds.TakeWhile(b => Encoding.UTF8.GetBytes(b).AsSpan().SequenceCompareTo(person.Utf8) <= 0).Count();
        if (at == 0 || bounds[at - 1] != person.ToString()) return ([PartName(at, job.Format)], job.Bounds);
        return ([PartName(at - 1, job.Format), PartName(at, job.Format)], [.. bounds.Select((b, i) => i == at - 1 ? b[..^1] : b)]);
    }
}
