#if CLUSTER_RUNTIME
using Lambda.Simulation;
using Lambda.Simulation.Actors;
using Xunit;

namespace Lambda.ClusterTests.Simulation;

/// <summary>The law on the actor runtime. A failing seed replays with `./lambda sim --runtime cluster --seed N`.</summary>
public sealed class ClusterLawTests
{
    private const int SeedsPerTest = 25;

    [Theory]
    [InlineData(1)]
    [InlineData(26)]
    [InlineData(51)]
    [InlineData(76)]
    public void Answers_InALifeOfFaultsAndMoves_AreWhatTheEventsSay(int firstSeed)
    {
        var reports = Enumerable.Range(firstSeed, SeedsPerTest).Select(seed => ClusterSimulations.Run((ulong)seed)).ToList();
        // A check that cannot fail is no check: the seeds together must have met what they are for.
        Assert.True(reports.Sum(r => r.Reads) > 500, $"{reports.Sum(r => r.Reads)} reads");
        Assert.True(reports.Sum(r => r.Rows) > 500, $"{reports.Sum(r => r.Rows)} rows");
        Assert.True(reports.Sum(r => r.Crashes) > 40, $"{reports.Sum(r => r.Crashes)} crashes");
        Assert.True(reports.Sum(r => r.Moves) > 100, $"{reports.Sum(r => r.Moves)} moves");
        Assert.True(reports.Sum(r => r.Published) > 30, $"{reports.Sum(r => r.Published)} publications");
        Assert.True(reports.Sum(r => r.Rebuilds) > 20, $"{reports.Sum(r => r.Rebuilds)} rebuilds");
        Assert.True(reports.Sum(r => r.Erasures) > 40, $"{reports.Sum(r => r.Erasures)} erasures");
        Assert.True(reports.Sum(r => r.Fenced) > 0, $"{reports.Sum(r => r.Fenced)} writes refused");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(17)]
    public void Scenario_SameSeed_DoesTheSame(int seed) => Assert.Equal(ClusterSimulations.Run((ulong)seed), ClusterSimulations.Run((ulong)seed));
}
#endif
