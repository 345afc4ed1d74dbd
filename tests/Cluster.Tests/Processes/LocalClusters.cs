using Xunit;

namespace Lambda.ClusterTests.Processes;

/// <summary>Tests that start a whole cluster: one after the other, with the machine to themselves as far as these tests go.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LocalClusters
{
    public const string Name = "local clusters";
}
