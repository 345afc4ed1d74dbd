using Lambda.Simulation;
using Xunit;

namespace Lambda.BatchLayer.Tests.Simulation;

/// <summary>
/// The law: for every customer, at every moment, at every cut, answer = finish(fold(distinct events up to the applied position), as_of). A failing
/// seed replays with `./lambda sim --seed N`.
/// </summary>
public sealed class LawTests
{
    public static IEnumerable<object[]> Seeds => Enumerable.Range(1, 100).Select(seed => new object[] { (ulong)seed });

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Answers_InALifeOfFaults_AreWhatTheEventsSay(ulong seed)
    {
        var report = await Simulations.RunAsync(seed);
        Assert.True(report.Reads > 0 && report.Events > 0 && report.Published > 0, $"seed {seed} checked nothing: {report}");
    }

    [Fact]
    public async Task Scenario_SameSeed_DoesTheSame() => Assert.Equal(await Simulations.RunAsync(7), await Simulations.RunAsync(7));

    [Fact]
    public async Task Scenario_WithManyReaders_LivesTheSameLife()
    {
        var (quiet, read) = (await Simulations.RunAsync(8), await Simulations.RunAsync(8, readsPerStep: 20));
        Assert.True(read.Reads > quiet.Reads + 5_000, $"{read.Reads} reads");
        Assert.Equal(quiet, read with { Reads = quiet.Reads });
    }

    // A check that cannot fail is no check: the seeds together must have met what they are for.
    [Fact]
    public async Task Seeds_Together_CrashFailRebuildAbandonAndPublish()
    {
        var reports = new List<ScenarioReport>();
        for (ulong seed = 1; seed <= 12; seed++) reports.Add(await Simulations.RunAsync(seed));
        Assert.True(reports.Sum(r => r.Crashes) > 50, "crashes");
        Assert.True(reports.Sum(r => r.Rebuilds) > 12, "rebuilds");
        Assert.True(reports.Sum(r => r.Abandoned) > 5, "abandoned runs");
        Assert.True(reports.Sum(r => r.Published) > 20, "publications");
        Assert.True(reports.Sum(r => r.LateRepeats) > 5, "repeats past the horizon");
        Assert.True(reports.Sum(r => r.DefinitionChanges) > 5, "changed definitions");
        Assert.True(reports.Sum(r => r.Erasures) > 50, "erasures");
        Assert.True(reports.Sum(r => r.Removed) > 20, "erasures removed");
        Assert.True(reports.Sum(r => r.Merges) > 50, "merges");
        Assert.True(reports.Sum(r => r.PersonReads) > 300, "reads of persons");
    }
}
