using Lambda.BatchLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every store of facts and definitions must do.</summary>
public abstract class FactsSuite : IDisposable
{
    /// <summary>Opens the store of this test: empty the first time, afterwards with what was set. The suite disposes it when it can be.</summary>
    protected abstract (IFacts Facts, IDefinitionStore Definitions) Open();

    public virtual void Dispose() => GC.SuppressFinalize(this);

    [SkippableFact]
    public void Fact_WhenSetAndForgotten_IsAsLastSaid()
    {
        var (facts, _) = Open();
        Assert.Null(facts.Fact("a"));
        facts.SetFact("a", "1");
        facts.SetFact("a", "zwei");
        facts.SetFact("b", "");
        Close(facts);
        (facts, _) = Open();
        Assert.Equal(("zwei", ""), (facts.Fact("a"), facts.Fact("b")));
        facts.SetFact("a", null);
        facts.SetFact("never set", null);
        Assert.Null(facts.Fact("a"));
        Close(facts);
    }

    [SkippableFact]
    public void TrySetFact_WhenItIsNotAsExpected_ChangesNothing()
    {
        var (facts, _) = Open();
        Assert.False(facts.TrySetFact("a", "0", "1"));
        Assert.True(facts.TrySetFact("a", null, "1"));
        Assert.False(facts.TrySetFact("a", null, "2"));
        Assert.False(facts.TrySetFact("a", "2", "3"));
        Assert.Equal("1", facts.Fact("a"));
        Assert.True(facts.TrySetFact("a", "1", "2"));
        Assert.Equal("2", facts.Fact("a"));
        Close(facts);
    }

    [SkippableFact]
    public void TrySetFact_WhenManyAtOnce_EachCountsOnce()
    {
        var (facts, _) = Open();
        Parallel.For(0, 4, _ =>
        {
            for (var done = 0; done < 25;)
            {
                var before = facts.Fact("n");
                if (facts.TrySetFact("n", before, $"{long.Parse(before ?? "0") + 1}")) done++;
            }
        });
        Assert.Equal("100", facts.Fact("n"));
        Close(facts);
    }

    [SkippableFact]
    public void Put_WhenStoredBefore_TheFirstStays()
    {
        var (facts, definitions) = Open();
        Assert.Null(definitions.Get("h"));
        definitions.Put("z", "zero", "text of z: é\n");
        definitions.Put("h", "one", "text of h");
        definitions.Put("h", "two", "another text");
        Close(facts);
        (facts, definitions) = Open();
        Assert.Equal("text of h", definitions.Get("h"));
        Assert.Equal([("z", "zero", "text of z: é\n"), ("h", "one", "text of h")], definitions.Definitions());
        Close(facts);
    }

    private static void Close(IFacts facts) => (facts as IDisposable)?.Dispose();
}
