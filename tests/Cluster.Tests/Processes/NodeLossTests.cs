#if CLUSTER_RUNTIME && KAFKA
using System.Diagnostics;
using Xunit;
using Xunit.Abstractions;

namespace Lambda.ClusterTests.Processes;

/// <summary>One of three nodes is lost in some way.</summary>
public sealed class NodeLossTests(ITestOutputHelper output) : ClusterUnderLoad(output)
{
    [SkippableFact]
    public async Task Cluster_WhenANodeIsKilledUnderLoad_GoesOnAndCountsEveryEventOnce() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        var watch = Stopwatch.StartNew();
        await cluster.KillNodeAsync(1);
        await ledger.UntilAllAnswerAsync(0);
        Say($"SIGKILL → all partitions answer: {watch.Elapsed.TotalSeconds:0.0} s");
        await Task.Delay(Load);
        watch.Restart();
        await cluster.StartNodeAsync(1, default);
        Say($"the killed node is ready again after {watch.Elapsed.TotalSeconds:0.0} s");
    });

    [SkippableFact]
    public async Task Cluster_WhenANodeFreezesAndComesBack_NeitherWritesNorAnswersOutOfThePast() => await UnderLoadAsync(async (cluster, ledger) =>
    {
        var frozen = cluster.Node(1)!;
        await frozen.FreezeAsync();
        var watch = Stopwatch.StartNew();
        await ledger.UntilAllAnswerAsync(0);
        Say($"SIGSTOP → all partitions answer: {watch.Elapsed.TotalSeconds:0.0} s");
        await Task.Delay(Load);
        var late = await ledger.AskFrozenAsync(frozen.Url, 0);
        frozen.Thaw();
        Say($"asked while frozen: {await late}");
        await frozen.ExitedAsync(default).WaitAsync(TimeSpan.FromSeconds(60)); // it was taken for lost: it ends, to be started anew
        await cluster.StartNodeAsync(1, default);
    });

    [SkippableFact]
    public async Task Cluster_WhenRunsPassUnderLoad_PublishesAndServesTheSameNumbers() => await UnderLoadAsync(async (_, ledger) =>
    {
        for (var i = 0; i < 2; i++)
        {
            var watch = Stopwatch.StartNew();
            await UntilPublishedAsync(ledger, i, await BeginRunAsync(ledger, i));
            Say($"run published after {watch.Elapsed.TotalSeconds:0.0} s");
        }
    });
}
#endif
