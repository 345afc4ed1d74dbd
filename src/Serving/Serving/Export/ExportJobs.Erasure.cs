using System.Text;
using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Export;

/// <param name="Deleted">Files deleted now.</param>
/// <param name="Waits">Why it is not complete yet; null when it is.</param>
/// <param name="OutOfReach">Files in folders of other nodes.</param>
public sealed record ForgottenExports(long Deleted, string? Waits, IReadOnlyList<string> OutOfReach);

// What is left of somebody who was erased.
public sealed partial class ExportJobs
{
    private const string Erased = "(erased)";

    /// <summary>
    /// A customer lies in one part of an export at most, the one that its id falls into: that file is deleted whole, whatever its format, and job and manifest say so.
    /// Copies that somebody made are out of reach.
    /// </summary>
    /// <param name="beganBeforeMs">Exports that began later read what was clean by then.</param>
    /// <exception cref="EngineUnavailableException">The bucket does not answer now.</exception>
    public async Task<ForgottenExports> ForgetAsync(CustomerId person, long beganBeforeMs, CancellationToken cancel)
    {
        var before = _journal.List().Where(j => j.CreatedAtMs <= beganBeforeMs).ToList();
        if (before.Find(j => !j.IsFinal) is { } running) return new ForgottenExports(0, $"{running.Id} is being written, and began before", []);
        var (deleted, outOfReach) = (0L, new List<string>());
        foreach (var job in before) deleted += await ForgetAsync(job, person, outOfReach, cancel);
        return new ForgottenExports(deleted, null, outOfReach);
    }

    private async Task<long> ForgetAsync(ExportJob job, CustomerId person, List<string> outOfReach, CancellationToken cancel)
    {
        var (holding, bounds) = PartsOf(job, person);
        var found = job.Parts.Where(p => holding.Contains(p.Name)).ToList();
        var isAsked = job.Where is not null && Words.Pattern(person.ToString()).IsMatch(job.Where);
        if (found.Count == 0 && !isAsked && ReferenceEquals(bounds, job.Bounds)) return 0;

        var target = _targets.Open(job.Kind, job.Path);
        var away = 0;
        foreach (var part in found)
        {
            if (await target.DeleteAsync(part.Name, cancel) || job.Node == _node) continue;
            outOfReach.Add($"{part.Name} of {job.Id} on {job.Node}");
            away++;
        }
        if (away > 0) return 0;
        var left = job with
        {
            Parts = [.. job.Parts.Except(found)],
            Bounds = bounds,
            Where = isAsked ? Erased : job.Where,
            Reason = found.Count == 0 ? job.Reason : $"{string.Join(", ", found.Select(p => p.Name))} deleted: a customer in it was erased",
        };
        if (job.State == ExportState.Done) await target.WriteAsync(ExportManifest.File, (to, c) => to.WriteAsync(Encoding.UTF8.GetBytes(ExportManifest.Of(left)), c).AsTask(), cancel);
        _journal.Put(left); // last: until then it is done again
        return found.Count;
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
