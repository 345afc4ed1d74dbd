using FsCheck.Xunit;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Simulation;
using Lambda.TestKit.Views;
using Lambda.TestKit;
using Xunit;

namespace Lambda.Domain.Tests.Views;

[Properties(Arbitrary = [typeof(ViewSample)], MaxTest = 300)]
public sealed class AlgebraTests
{
    [Property]
    public void Finish_OfFold_IsTheOraclesAnswer(ViewSample sample)
    {
        var state = sample.FoldDistinct();
        foreach (var asOfDay in DaysToAsk(sample)) AssertAnswers(sample, state, asOfDay);
    }

    [Property]
    public void Finish_OfThreeParts_IsTheAnswerOfTheirMerge(ViewSample sample)
    {
        var parts = Parts(sample);
        var merged = State.Merge(State.Merge(parts[0], parts[1]), parts[2]);
        foreach (var asOfDay in DaysToAsk(sample))
        {
            var expected = sample.View.Finish(merged.Encoded, null, null, asOfDay, []);
            AssertSame(expected, sample.View.Finish(parts[0].Encoded, parts[1], parts[2], asOfDay, []));
        }
    }

    [Property]
    public void Merge_OfAnyCut_IsTheFoldOfAll(ViewSample sample)
    {
        LoggedEvent[] distinct = [.. NaiveOracle.Distinct(sample.Log)];
        var all = sample.Fold(distinct);
        sample.Random.Shuffle(distinct);
        var cut = sample.Random.Next(distinct.Length + 1);
        Assert.Equal(all, State.Merge(sample.Fold(distinct[..cut]), sample.Fold(distinct[cut..])));
        Assert.Equal(all, sample.Fold(distinct));
    }

    /// <summary>The fold patches the state's bytes, the merge writes new ones: two ways to one encoding, in any order of events.</summary>
    [Property]
    public void Fold_EventByEvent_HasTheBytesOfTheMergeOfSingleEvents(ViewSample sample)
    {
        LoggedEvent[] distinct = [.. NaiveOracle.Distinct(sample.Log), .. RandomViews.Events(sample.Random, 60)];
        sample.Random.Shuffle(distinct);
        var (folded, merged) = (new State(), new State());
        foreach (var logged in distinct)
        {
            sample.View.Fold(folded, logged.ToRow());
            merged = State.Merge(merged, sample.Fold([logged]));
            Assert.Equal(merged.Encoded, folded.Encoded);
        }
        Assert.Equal(folded, State.Decode(folded.Encoded));
    }

    [Property]
    public void Merge_IsAssociativeCommutativeAndPure(ViewSample sample)
    {
        var (a, b, c) = (Parts(sample)[0], Parts(sample)[1], Parts(sample)[2]);
        byte[] before = [.. a.Encoded, .. b.Encoded, .. c.Encoded];
        Assert.Equal(State.Merge(State.Merge(a, b), c), State.Merge(a, State.Merge(b, c)));
        Assert.Equal(State.Merge(a, b), State.Merge(b, a));
        Assert.Equal(a, State.Merge(a, new State()));
        Assert.Equal(a, State.Merge(new State(), a));
        Assert.Equal(before, (byte[])[.. a.Encoded, .. b.Encoded, .. c.Encoded]);
    }

    [Property]
    public void Merge_WithAnEmptyState_SharesNothingWithItsInput(ViewSample sample)
    {
        var a = sample.FoldDistinct();
        byte[] before = [.. a.Encoded];
        var merged = State.Merge(a, new State());
        foreach (var logged in RandomViews.Events(sample.Random, 5)) sample.View.Fold(merged, logged.ToRow());
        Assert.Equal(before, a.Encoded);
    }

    [Property]
    public void Prune_ChangesNothingThatTilesStillCover(ViewSample sample)
    {
        var state = sample.FoldDistinct();
        var lastPruned = RandomViews.Today - sample.Random.Next(40);
        var pruned = sample.View.Prune(state, lastPruned);
        Assert.Equal(pruned, sample.View.Prune(pruned, lastPruned));
        var asOfDay = lastPruned + sample.Definition.LongestWindowDays;
        AssertSame(sample.View.Finish(state.Encoded, null, null, asOfDay, []), sample.View.Finish(pruned.Encoded, null, null, asOfDay, []));
    }

    [Property]
    public void Prune_OfMerge_IsMergeOfPruned(ViewSample sample)
    {
        var parts = Parts(sample);
        var day = RandomViews.Today - sample.Random.Next(10);
        Assert.Equal(
            sample.View.Prune(State.Merge(parts[0], parts[1]), day),
            State.Merge(sample.View.Prune(parts[0], day), sample.View.Prune(parts[1], day)));
    }

    [Property]
    public void Project_ToADefinitionThatSharesMetrics_IsTheFoldOfTheShared(ViewSample sample)
    {
        var kept = sample.Definition.Metrics.DistinctBy(m => m.Fingerprint).Where(m => m.Slot % 2 == 0).Reverse().ToArray();
        var other = TestDefinition.Of(kept, sample.Definition.TileRetentionDays, sample.Definition.Fields);
        var unique = TestDefinition.Of(sample.Definition.Metrics.DistinctBy(m => m.Fingerprint), sample.Definition.TileRetentionDays, sample.Definition.Fields);
        var (from, to) = (new CompiledView(unique), new CompiledView(other));
        var (wide, narrow) = (new State(), new State());
        foreach (var logged in NaiveOracle.Distinct(sample.Log))
        {
            from.Fold(wide, logged.ToRow());
            to.Fold(narrow, logged.ToRow());
        }
        Assert.Equal(narrow, from.Project(wide, other));
    }

    /// <summary>Three parts of the distinct events, each folded alone.</summary>
    private static State[] Parts(ViewSample sample)
    {
        var random = sample.Random;
        var parts = NaiveOracle.Distinct(sample.Log).GroupBy(_ => random.Next(3)).ToDictionary(g => g.Key, sample.Fold);
        return [.. Enumerable.Range(0, 3).Select(i => parts.GetValueOrDefault(i) ?? new State())];
    }

    private static IEnumerable<int> DaysToAsk(ViewSample sample)
    {
        var lastAppendDay = sample.Log.Count == 0 ? RandomViews.Today : Clock.DayOfMs(sample.Log[^1].AppendedAtMs);
        return Enumerable.Range(lastAppendDay - 8, 12).Append(lastAppendDay + 80).Where(day => sample.View.TilesCover(day, lastAppendDay));
    }

    private static void AssertAnswers(ViewSample sample, State state, int asOfDay)
    {
        var (expectedOverflows, overflows) = (new List<string>(), new List<string>());
        var expected = NaiveOracle.Expect(sample.Definition, sample.Log, asOfDay, expectedOverflows);
        AssertSame(expected, sample.View.Finish(state.Encoded, null, null, asOfDay, overflows));
        Assert.Equal(expectedOverflows, overflows);
        if (overflows.Count > 0) Assert.Equal(overflows[0], Assert.Throws<MetricOverflowException>(() => sample.View.Finish(state, null, null, asOfDay)).Metric);
    }

    private static void AssertSame(Answer expected, Answer actual)
    {
        foreach (var output in expected.Definition.Outputs)
        {
            if (output.Keys is null) Same(output.Name, [expected.Scalars[output.Index]], [actual.Scalars[output.Index]]);
            else Same(output.Name, expected.Maps[output.Index]!, actual.Maps[output.Index]!);
        }
        Assert.Equal(expected.Segments, actual.Segments);

        static void Same(string name, Value[] expected, Value[] actual) =>
            Assert.True(expected.SequenceEqual(actual), $"{name}: expected {string.Join(' ', expected)}, found {string.Join(' ', actual)}");
    }
}
