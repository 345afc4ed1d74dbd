using Lambda.Cluster.Bench.Rows;

namespace Lambda.Cluster.Bench;

/// <summary>One benchmark: makes its data, measures beside the limit, checks that the result is right.</summary>
internal interface IBench
{
    string Name { get; }

    /// <summary>One line: what is measured.</summary>
    string What { get; }

    /// <summary>Leaves nothing behind. A wrong result is a row that is not verified; an exception ends the whole command.</summary>
    Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel);
}

/// <summary>All of them, in the order they run: cheap ones and those that share the million customers side by side.</summary>
internal static class Benches
{
    public static readonly IReadOnlyList<IBench> All =
    [
        new LawBench(), new IngestBench(), new HttpBench(), new LookupBench(), new ServingBench(), new SegmentsBench(), new FreshnessBench(), new RecomputeBench(), new DuringBench(), new RecoveryBench(), new MemoryBench(),
        new FoldBench(), new FraudBench(), new AuthorizeBench(), new TransportBench(),
#if CLUSTER_RUNTIME && KAFKA
        new ClusterBench(), new ClusterLossBench(),
#endif
    ];
}
