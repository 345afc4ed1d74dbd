#if CLUSTER_RUNTIME && KAFKA
using System.Globalization;
using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Actors.Messages;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Cluster.Actors.Region;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.Cluster.Clustered;

/// <summary>Marks as facts of a partition: `BELOW SWEPT`, and beside it how far persons are written.</summary>
internal sealed class PopulationMarks(IFacts facts) : IPopulationMarks
{
    public PopulationMark Load(int partition) => facts.Fact(Name(partition))?.Split(' ', 2) is [var below, var swept]
        ? new PopulationMark(long.Parse(below, CultureInfo.InvariantCulture), swept, long.Parse(facts.Fact(LinkedName(partition)) ?? "0", CultureInfo.InvariantCulture))
        : new PopulationMark(0, "");

    public void Save(int partition, PopulationMark mark)
    {
        facts.SetFact(Name(partition), string.Create(CultureInfo.InvariantCulture, $"{mark.Below} {mark.Swept}"));
        if (mark.Linked > 0) facts.SetFact(LinkedName(partition), mark.Linked.ToString(CultureInfo.InvariantCulture));
    }

    private static string LinkedName(int partition) => string.Create(CultureInfo.InvariantCulture, $"population_linked_{partition}");

    private static string Name(int partition) => string.Create(CultureInfo.InvariantCulture, $"population_{partition}");
}

/// <summary>Points `customer_current` at a definition's table once every partition has swept its customers into it: by the node that drives runs.</summary>
internal sealed class PopulationSwitch(PartitionReports reports, IPopulation population, IViewCatalog views)
{
    private string _done = "";

    public async Task StepAsync(CancellationToken cancel)
    {
        if (reports.All.OfType<PartitionReport>().ToList() is not [var first, ..] all || all.Count < reports.Partitions) return;
        if (first.PopulationSwept.Length == 0 || first.PopulationSwept == _done) return;
        if (all.Any(r => r.PopulationSwept != first.PopulationSwept || r.Definition != first.Definition)) return;
        var definition = views.ByHash(first.Definition).Definition;
        await population.EnsureAsync(definition, cancel);
        await population.ActivateAsync(definition, cancel);
        _done = first.PopulationSwept;
    }
}
#endif
