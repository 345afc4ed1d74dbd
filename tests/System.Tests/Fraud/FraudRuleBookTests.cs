using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Fraud;
using Lambda.Domain.Views;
using Xunit;

namespace Lambda.SystemTests.Fraud;

public sealed class FraudRuleBookTests
{
    private const string Other = "rules: [{ name: other, when: score > 0.5, decision: review, reason: OTHER }]";
    private readonly IFacts _facts = new MemoryRunJournal();
    private readonly List<string> _errors = [];

    private FraudRuleBook Open() => new(_facts, null, (_, e) => _errors.Add(e.Message));

    [Fact]
    public async Task Rules_WhenActivatedOnOneNode_DecideOnTheOthersAndAfterAStart()
    {
        var (one, two) = (Open(), Open());
        var first = one.Current.Hash;
        Assert.Equal(first, two.Current.Hash);
        var hash = one.Activate(Other, "other.yaml").Hash;
        await two.StepAsync();
        Assert.Equal([hash, hash, hash], [one.Current.Hash, two.Current.Hash, Open().Current.Hash]);
        Assert.Equal(first, two.ByHash(first)!.Hash); // for replay
        Assert.Null(two.ByHash("none"));
        Assert.Empty(_errors);
    }

    [Fact]
    public void Rules_WhenWrong_ChangeNothing()
    {
        var book = Open();
        var before = book.Current;
        Assert.Throws<DefinitionException>(() => book.Activate("rules: [{ name: a }]", "bad.yaml"));
        Assert.Same(before, book.Current);
        Assert.Equal(before.Hash, Open().Current.Hash);
    }

    /// <summary>A newer version wrote it: this node says so once, and goes on with what decided before, also when it starts anew.</summary>
    [Fact]
    public async Task Rules_WhenTheyCannotBeRead_LeaveTheOnesBefore()
    {
        var book = Open();
        var last = book.Activate(Other, "other.yaml");
        _facts.SetFact("fraud_rules:newer", "rules: [{ words: of the next version }]");
        _facts.SetFact("fraud_rules_before", last.Hash);
        _facts.SetFact("fraud_rules", "newer");
        await book.StepAsync();
        await book.StepAsync();
        Assert.Equal(last.Hash, book.Current.Hash);
        Assert.Single(_errors);
        Assert.Equal(last.Hash, Open().Current.Hash);
        book.Activate(Other, "other.yaml");
        Assert.Equal(last.Hash, Open().Current.Hash);
        Assert.Equal(2, _errors.Count); // of the start in between
    }
}
