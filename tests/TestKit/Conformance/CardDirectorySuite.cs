using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every card directory does.</summary>
public abstract class CardDirectorySuite
{
    protected abstract ICardDirectory Open();

    private static readonly CustomerId Ann = CustomerId.From("ann"), Bob = CustomerId.From("bob");

    private static CardEntry Entry(string token, CustomerId customer, long at, bool isActive = true, int partition = 0, long offset = 0) => new(token, customer, isActive, at, partition, offset);

    [SkippableFact]
    public void Card_WhenPut_IsFoundByItsTokenAlone()
    {
        using var cards = Open();
        cards.Put([Entry("t1", Ann, 5), Entry("t2", Bob, 5, isActive: false)]);
        Assert.Equal(Entry("t1", Ann, 5), cards.Find("t1"));
        Assert.False(cards.Find("t2")!.IsActive);
        Assert.Null(cards.Find("t3"));
    }

    [SkippableFact]
    public void Card_OfSeveralEvents_IsAsTheNewestSaysInAnyOrderAndAgain()
    {
        using var cards = Open();
        CardEntry[] events = [Entry("t1", Ann, 5, offset: 1), Entry("t1", Bob, 7, offset: 0), Entry("t1", Ann, 7, isActive: false, offset: 3), Entry("t1", Bob, 6, partition: 3, offset: 9)];
        foreach (var seed in Enumerable.Range(0, 6))
        {
            foreach (var entry in events.OrderBy(e => HashCode.Combine(seed, e.Offset)).Concat(events)) cards.Put([entry]);
            Assert.Equal(events[2], cards.Find("t1"));
        }
        cards.Put(events); // in one call
        Assert.Equal(events[2], cards.Find("t1"));
    }

    [SkippableFact]
    public void Card_WhenItsTokenIsNew_IsFoundByTheOlderOnes()
    {
        using var cards = Open();
        cards.Put([Entry("k1", Ann, 5)]);
        cards.Link("k1", "k2");
        cards.Link("k2", "k3");
        cards.Link("k2", "k3");
        Assert.Equal(Ann, cards.Find("k3")!.Customer);
        cards.Put([Entry("k3", Bob, 4)]); // its own word counts, however old
        Assert.Equal((Bob, Ann), (cards.Find("k3")!.Customer, cards.Find("k2")!.Customer));
        cards.Put([Entry("k1", Ann, 6, isActive: false)]);
        Assert.False(cards.Find("k2")!.IsActive);
    }

    [SkippableFact]
    public void Customer_WhenForgotten_HasNoCardsAndNoLinksAndOthersKeepTheirs()
    {
        using var cards = Open();
        cards.Put([Entry("a1", Ann, 5, offset: 6), Entry("a9", Ann, 5, offset: 7), Entry("b1", Bob, 5)]);
        cards.Link("a1", "a2");
        cards.Link("b1", "b2");
        Assert.NotNull(cards.Find("a2"));
        Assert.Equal(["a1", "a2"], cards.TokensOf(Ann, 7).Order(StringComparer.Ordinal));
        Assert.Equal(["b1", "b2"], cards.Linked("b1").Order(StringComparer.Ordinal));
        Assert.Equal(["none"], cards.Linked("none"));
        Assert.Equal(2, cards.Forget(Ann, 7));
        Assert.Null(cards.Find("a1"));
        Assert.Null(cards.Find("a2"));
        Assert.Equal(Bob, cards.Find("b2")!.Customer);
        Assert.NotNull(cards.Find("a9")); // of a new customer with that id
        Assert.Equal(0, cards.Forget(Ann, 7));
    }

    [SkippableFact]
    public void Cards_WhenOpenedAgain_AreThere()
    {
        using (var cards = Open())
        {
            cards.Put([Entry("t1", Ann, 5)]);
            cards.Link("t1", "t2");
        }
        using var again = Open();
        Assert.Equal(Ann, again.Find("t2")!.Customer);
    }
}
