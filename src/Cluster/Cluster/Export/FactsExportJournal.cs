using System.Text.Json;
using Lambda.BatchLayer.Ports;
using Lambda.Serving;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Export;

/// <summary>Export jobs among the installation's facts, one each, and a list of their names: so any node tells of the jobs of all.</summary>
internal sealed class FactsExportJournal(IFacts facts) : IExportJournal
{
    private const string Names = "exports";

    public ExportJob? Get(string id) => id.StartsWith("export-", StringComparison.Ordinal) && facts.Fact(id) is { } kept ? JsonSerializer.Deserialize<ExportJob>(kept) : null;

    public IReadOnlyList<ExportJob> List() => [.. Known(facts.Fact(Names)).Select(Get).OfType<ExportJob>()];

    public void Put(ExportJob job)
    {
        facts.SetFact(job.Id, JsonSerializer.Serialize(job));
        if (!Known(facts.Fact(Names)).Contains(job.Id)) Name(job.Id);
    }

    private void Name(string id)
    {
        while (true)
        {
            var before = facts.Fact(Names);
            List<string> names = [id, .. Known(before)];
            var forgotten = names.Count <= Limits.ExportJobsKept ? null : names.AsEnumerable().Reverse().FirstOrDefault(n => Get(n) is not { IsFinal: false });
            if (forgotten is not null) names.Remove(forgotten);
            if (!facts.TrySetFact(Names, before, string.Join(' ', names))) continue;
            if (forgotten is not null) facts.SetFact(forgotten, null);
            return;
        }
    }

    private static string[] Known(string? names) => names?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
}
