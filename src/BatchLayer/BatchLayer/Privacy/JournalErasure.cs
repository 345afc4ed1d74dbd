using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;

namespace Lambda.BatchLayer.Privacy;

/// <summary>The journal of runs: reasons of failed ones may name customers.</summary>
public sealed class JournalErasure(IRewritableJournal journal) : IErasable
{
    public string Store => "run journal";

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel)
    {
        var name = Words.Pattern(target.Person.ToString());
        return Task.FromResult(new Removal(journal.Rewrite(happened => happened is RunEvent.Failed failed && failed.Reasons.Any(name.IsMatch)
            ? failed with { Reasons = [.. failed.Reasons.Select(r => name.Replace(r, "(erased)"))] }
            : happened)));
    }
}
