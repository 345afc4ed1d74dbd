using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Domain.Log;
using Xunit;

namespace Lambda.Domain.Tests.Identity;

public sealed class IdentityStateTests
{
    private static readonly CustomerId[] Customers = [.. Enumerable.Range(0, 9).Select(i => CustomerId.From($"c{i}"))];

    private static Guid Id(int n) => new(n, 0, 0, new byte[8]);

    private static Link Link(int n, int into, int customer) => new(Id(n), Customers[into], Customers[customer], "ops", n, "") { IntoAt = new Position(0, n), CustomerAt = new Position(1, n) };

    /// <summary>Merges, unmerges and erasures at random; what the state then says is said by the links that hold, and by nothing that was before.</summary>
    [Fact]
    public void Fold_WhenLinksComeAndGoAtRandom_SaysWhatTheLinksThatHoldSay()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var (chance, state, log) = (new Random(seed), new IdentityState(), new List<NumberedRecord>());
            var numbers = new long[Customers.Length];
            for (var step = 0; step < 40; step++)
            {
                if (Decided(chance, state, step) is not { } record) continue;
                var before = Customers.Select(c => MembersOf(state, c)).ToList();
                var changed = state.Apply(new NumberedRecord(state.Number + 1, record)).SelectMany(p => p.Members).ToHashSet();
                log.Add(new NumberedRecord(state.Number, record));
                for (var i = 0; i < Customers.Length; i++)
                {
                    Assert.Equal(Naive(log, Customers[i]), MembersOf(state, Customers[i]));
                    if (!changed.Contains(Customers[i])) Assert.Equal(before[i], MembersOf(state, Customers[i]));
                    else Assert.True(state.NumberOf(Customers[i]) > numbers[i]);
                    Assert.True(state.NumberOf(Customers[i]) >= numbers[i]);
                    numbers[i] = state.NumberOf(Customers[i]);
                }
            }
            AssertBlankChangesNothing(state, log);
        }
    }

    [Fact]
    public void Unmerge_WhenAMergeWasTheLast_GivesBackWhatWasBefore()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var (chance, state) = (new Random(seed), new IdentityState());
            for (var step = 0; step < 20; step++)
                if (Decided(chance, state, step) is { } record) state.Apply(new NumberedRecord(state.Number + 1, record));
            var before = Customers.Select(c => (MembersOf(state, c), LinksOf(state, c))).ToList();
            var merge = Enumerable.Range(0, 50).Select(_ => Link(1000, chance.Next(9), chance.Next(9))).FirstOrDefault(l => !l.Into.Equals(l.Customer) && state.Decide(l) is MergeDecision.Append);
            if (merge is null) continue;
            state.Apply(new NumberedRecord(state.Number + 1, new IdentityRecord.Linked(merge)));
            Assert.NotEqual(before, Customers.Select(c => (MembersOf(state, c), LinksOf(state, c))));
            state.Apply(new NumberedRecord(state.Number + 1, new IdentityRecord.Unlinked(merge.Id, "ops", 1, "")));
            Assert.Equal(before, Customers.Select(c => (MembersOf(state, c), LinksOf(state, c))));
        }
    }

    [Fact]
    public void Decide_WhenItWouldCloseACircle_NamesTheLinksInTheWay()
    {
        var state = Folded(Link(1, 0, 1), Link(2, 2, 1), Link(3, 4, 3));
        Assert.Equal(["c2", "c0", "c1"], state.Of(Customers[1])!.Members.Select(m => m.ToString()));
        var same = Assert.IsType<MergeDecision.SamePerson>(state.Decide(Link(9, 0, 2)));
        Assert.Equal([Id(1), Id(2)], same.Links.Select(l => l.Id));
        Assert.IsType<MergeDecision.SamePerson>(state.Decide(Link(9, 1, 0)));
        Assert.IsType<MergeDecision.Append>(state.Decide(Link(9, 0, 3)));
    }

    [Fact]
    public void Decide_WhenTheIdIsKnown_RepeatsOrRefuses()
    {
        var state = Folded(Link(1, 0, 1));
        Assert.IsType<MergeDecision.Repeated>(state.Decide(Link(1, 0, 1)));
        Assert.IsType<MergeDecision.IdTaken>(state.Decide(Link(1, 1, 0)));
        state.Apply(new NumberedRecord(2, new IdentityRecord.Unlinked(Id(1), "ops", 5, "wrong")));
        Assert.Equal("wrong", Assert.IsType<MergeDecision.Undone>(state.Decide(Link(1, 0, 1))).By.Reason);
        Assert.IsType<UnmergeDecision.Repeated>(state.Decide(new IdentityRecord.Unlinked(Id(1), "ops", 6, "")));
        Assert.IsType<UnmergeDecision.Unknown>(state.Decide(new IdentityRecord.Unlinked(Id(2), "ops", 6, "")));
        state.Apply(new NumberedRecord(3, new IdentityRecord.Forgotten(Id(1), 7)));
        Assert.IsType<MergeDecision.IdTaken>(state.Decide(Link(1, 0, 1)));
        Assert.IsType<UnmergeDecision.Unknown>(state.Decide(new IdentityRecord.Unlinked(Id(1), "ops", 6, "")));
        Assert.Empty(state.LinksOf(Customers[0]));
    }

    [Fact]
    public void Decide_WhenThePersonWouldHaveTooManyMembers_Refuses()
    {
        var state = new IdentityState();
        Link Next(int n) => new(Id(n), CustomerId.From("a"), CustomerId.From($"b{n}"), "ops", n, "") { IntoAt = default, CustomerAt = default };
        for (var n = 1; n < IdentityState.MembersMax; n++) state.Apply(new NumberedRecord(n, Assert.IsType<MergeDecision.Append>(state.Decide(Next(n))).Record));
        Assert.Equal(IdentityState.MembersMax + 1, Assert.IsType<MergeDecision.TooMany>(state.Decide(Next(99))).Members);
    }

    [Fact]
    public void Codec_OfEachRecord_IsAsItIsStored()
    {
        (IdentityRecord, string)[] stored =
        [
            (new IdentityRecord.Linked(new Link(Id(1), CustomerId.From("zo\u00eb"), CustomerId.From("b"), "ops", 5, "why") { IntoAt = new Position(0, 3), CustomerAt = new Position(1, 4) }),
                """{"link":"00000001-0000-0000-0000-000000000000","kind":"linked","into":"zo\u00EB","into_at":"0:3","customer":"b","customer_at":"1:4","by":"ops","at_ms":5,"reason":"why"}"""),
            (new IdentityRecord.Unlinked(Id(1), "ops", 6, ""), """{"link":"00000001-0000-0000-0000-000000000000","kind":"unlinked","by":"ops","at_ms":6,"reason":""}"""),
            (new IdentityRecord.Forgotten(Id(1), 7), """{"link":"00000001-0000-0000-0000-000000000000","kind":"forgotten","at_ms":7}"""),
            (new IdentityRecord.Blank(Id(1)), """{"link":"00000001-0000-0000-0000-000000000000","kind":"blank"}"""),
        ];
        foreach (var (record, text) in stored)
        {
            Assert.Equal(text, IdentityCodec.Write(record));
            Assert.Equal(record, IdentityCodec.Read(text));
        }
        foreach (var bad in (string[])["", "[]", """{"link":"x"}""", """{"link":"00000001-0000-0000-0000-000000000000","kind":"split"}""", stored[1].Item2.Replace("6", "\"6\"")])
            Assert.Throws<InvalidDataException>(() => IdentityCodec.Read(bad));
    }

    [Fact]
    public void Email_WhenItIsAnAddress_IsKeptAsOthersHashIt()
    {
        Assert.Null(Identifiers.Normalised("email"u8, "test@example.com"u8, out var hash));
        Assert.Equal("973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b", System.Text.Encoding.ASCII.GetString(hash!)); // as printf '%s' test@example.com | sha256sum has it
        Assert.Null(Identifiers.Normalised("email"u8, " Ann@Example.ORG "u8, out var mixed));
        Assert.Null(Identifiers.Normalised("email"u8, "ann@example.org"u8, out var plain));
        Assert.Equal(plain, mixed);
        Assert.Null(Identifiers.Normalised("email"u8, mixed!, out var again));
        Assert.Null(again);
        Assert.NotNull(Identifiers.Normalised("email"u8, "ann"u8, out _));
        Assert.Null(Identifiers.Normalised("crm"u8, "Ann@Example.ORG"u8, out var kept));
        Assert.Null(kept);
    }

    // --- helpers ----------------------------------------------------------------------------------------------------------------

    private static IdentityState Folded(params Link[] links)
    {
        var state = new IdentityState();
        foreach (var link in links) state.Apply(new NumberedRecord(state.Number + 1, Assert.IsType<MergeDecision.Append>(state.Decide(link)).Record));
        return state;
    }

    private static IdentityRecord? Decided(Random chance, IdentityState state, int step)
    {
        var known = Enumerable.Range(0, step).Where(n => state.LinkOf(Id(n))?.Link is not null).Select(Id).ToList();
        if (known.Count > 0 && chance.Next(3) == 0)
        {
            var link = known[chance.Next(known.Count)];
            if (chance.Next(6) == 0) return new IdentityRecord.Forgotten(link, step);
            return (state.Decide(new IdentityRecord.Unlinked(link, "ops", step, "")) as UnmergeDecision.Append)?.Record;
        }
        var (into, customer) = (chance.Next(Customers.Length), chance.Next(Customers.Length));
        return into == customer ? null : (state.Decide(Link(step, into, customer)) as MergeDecision.Append)?.Record;
    }

    /// <summary>The links that hold, in their order, each putting one list of members behind another.</summary>
    private static List<CustomerId> Naive(List<NumberedRecord> log, CustomerId customer)
    {
        var gone = log.Select(r => r.Record).Where(r => r is IdentityRecord.Unlinked or IdentityRecord.Forgotten).Select(r => r.Id).ToHashSet();
        var persons = Customers.Select(c => new List<CustomerId> { c }).ToList();
        foreach (var link in log.Select(r => r.Record).OfType<IdentityRecord.Linked>().Select(l => l.Link).Where(l => !gone.Contains(l.Id)))
        {
            var (into, other) = (persons.Single(p => p.Contains(link.Into)), persons.Single(p => p.Contains(link.Customer)));
            Assert.NotSame(into, other);
            into.AddRange(other);
            persons.Remove(other);
        }
        return persons.Single(p => p.Contains(customer));
    }

    /// <summary>Whoever folds the log after the records of forgotten links were made blank knows the same, and no number falls.</summary>
    private static void AssertBlankChangesNothing(IdentityState state, List<NumberedRecord> log)
    {
        var forgotten = log.Select(r => r.Record).OfType<IdentityRecord.Forgotten>().Select(r => r.Link).ToHashSet();
        var again = new IdentityState();
        foreach (var (number, record) in log)
            again.Apply(new NumberedRecord(number, record is not IdentityRecord.Forgotten && forgotten.Contains(record.Id) ? new IdentityRecord.Blank(record.Id) : record));
        foreach (var customer in Customers)
        {
            Assert.Equal(MembersOf(state, customer), MembersOf(again, customer));
            Assert.Equal(LinksOf(state, customer), LinksOf(again, customer));
            Assert.True(again.NumberOf(customer) >= state.NumberOf(customer));
        }
    }

    private static List<CustomerId> MembersOf(IdentityState state, CustomerId customer) => [.. state.Of(customer)?.Members ?? [customer]];

    private static List<NumberedLink> LinksOf(IdentityState state, CustomerId customer) => [.. state.Of(customer)?.Links ?? []];
}
