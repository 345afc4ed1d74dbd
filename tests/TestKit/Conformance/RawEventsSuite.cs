using System.Text;
using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every warehouse must do with raw events.</summary>
public abstract class RawEventsSuite : WarehouseSuite
{
    private const long YearOne = -62_135_596_800 * 1_000_000; // 0001-01-01

    [SkippableFact]
    public async Task Totals_WhenFramesAreInsertedAgain_CountEachPositionOnce()
    {
        var frame = Frame(0, 0).Purchase("a", "1", T0, 100).Purchase("b", "2", T0, 250);
        await InsertAsync(frame);
        var once = await Warehouse.TotalsAsync(new Cut([2]), None);
        await InsertAsync(frame);
        await InsertAsync(frame, Frame(0, 2).Purchase("a", "3", T0, 1000));
        var repeated = await Warehouse.TotalsAsync(new Cut([2]), None);
        Assert.Equal(once, repeated);
        Assert.Equal((2, 350), ((int)once[0].Events, (int)once[0].BillingMinorSum));
        Assert.NotEqual(0UL, once[0].HashSum);
    }

    [SkippableFact]
    public async Task Totals_WhenCutLiesWithin_CountOnlyBelowIt()
    {
        await InsertAsync(
            Frame(0, 0).Purchase("a", "1", T0, 1).Purchase("a", "2", T0, 10).Purchase("a", "3", T0, 100),
            Frame(1, 5).Purchase("b", "1", T0, 1000));
        var totals = await Warehouse.TotalsAsync(new Cut([2, 5, 7]), None);
        Assert.Equal([(0, 2L, 11L), (1, 0L, 0L), (2, 0L, 0L)], totals.Select(t => (t.Partition, t.Events, (long)t.BillingMinorSum)));
    }

    [SkippableFact]
    public async Task Totals_WhenSamePositionStandsInTwoPartitions_CountBoth()
    {
        await InsertAsync(Frame(0, 0).Purchase("a", "1", T0, 1), Frame(1, 0).Purchase("b", "1", T0, 2));
        var totals = await Warehouse.TotalsAsync(new Cut([1, 1]), None);
        Assert.Equal([1, 1], totals.Select(t => t.Events));
    }

    [SkippableFact]
    public async Task Insert_WhenBarriersStandBetween_SkipsThemAndKeepsOffsets()
    {
        await InsertAsync(Frame(0, 10).Barrier(1).Purchase("a", "1", T0, 5).Barrier(2).Purchase("a", "2", T0 + 1, 7));
        var events = await Warehouse.EventsAsync(0, CustomerId.From("a"), null, 10, None);
        Assert.Equal([13, 11], events.Select(e => e.Offset));
        Assert.Equal(2, (await Warehouse.TotalsAsync(new Cut([100]), None))[0].Events);
    }

    [SkippableFact]
    public async Task Insert_WhenThereIsNothing_DoesNothing()
    {
        await Warehouse.InsertAsync([], None);
        await InsertAsync(Frame(0, 0).Barrier(1));
        Assert.Equal(new RawTotals(0, 0, 0, 0), (await Warehouse.TotalsAsync(new Cut([5]), None))[0]);
    }

    [SkippableFact]
    public async Task Events_WhenCopiesExist_ShowTheLowestOffsetOnly()
    {
        await InsertAsync(Frame(0, 0).Purchase("a", "1", T0 + 50, 1).Purchase("a", "2", T0 + 10, 2));
        await InsertAsync(Frame(0, 2, DayMs).Purchase("a", "1", T0 + 99, 3).Purchase("b", "1", T0, 4));
        var events = await Warehouse.EventsAsync(0, CustomerId.From("a"), null, 10, None);
        Assert.Equal([(0, T0 + 50, T0Ms), (1, T0 + 10, T0Ms)], events.Select(e => (e.Offset, e.OccurredAtMicros, e.AppendedAtMs)));
        Assert.Contains("\"event_id\":\"1\"", Encoding.UTF8.GetString(events[0].Body.Span));
    }

    [SkippableFact]
    public async Task Events_WhenPaged_AreNewestFirstWithoutGapOrRepeat()
    {
        var frame = Frame(0, 0);
        for (var i = 0; i < 25; i++) frame.Purchase("a", $"e{i}", T0 + i / 5, i); // five share each instant
        await InsertAsync(frame);
        var seen = new List<long>();
        (long, long)? before = null;
        while (true)
        {
            var page = await Warehouse.EventsAsync(0, CustomerId.From("a"), before, 7, None);
            if (page.Count == 0) break;
            seen.AddRange(page.Select(e => e.Offset));
            before = (page[^1].OccurredAtMicros, page[^1].Offset);
        }
        Assert.Equal(Enumerable.Range(0, 25).Select(i => 24L - i), seen);
        Assert.Empty(await Warehouse.EventsAsync(1, CustomerId.From("a"), null, 7, None));
        Assert.Empty(await Warehouse.EventsAsync(0, CustomerId.From("nobody"), null, 7, None));
    }

    [SkippableFact]
    public async Task Events_WhenIdsAndTextsAreExtreme_ComeBackAsTheyWere()
    {
        var longId = new string('ü', CustomerId.MaxBytes / 2);
        string[] customers = [longId, "o'hara\\\t\n\r\0\b\f", "{x:String}", "日本語😀", "%27&param_x=1#?+ "];
        var frame = Frame(3, 0);
        foreach (var customer in customers)
            frame.Event(EventCatalog.Profile, customer, customer, YearOne, w => w
                .SetText(EventCatalog.FullName, ""u8).SetText(EventCatalog.City, Encoding.UTF8.GetBytes(customer))
                .SetNumber(EventCatalog.AnnualIncomeMinor, long.MaxValue)
                .AddExtra("unknown field"u8, ExtraKind.Text, "ü\t\\'\""u8).AddExtra("n"u8, ExtraKind.Number, "1e400"u8).AddExtra("t"u8, ExtraKind.True));
        await InsertAsync(frame);
        foreach (var customer in customers)
        {
            var events = await Warehouse.EventsAsync(3, CustomerId.From(customer), null, 10, None);
            Assert.Equal(YearOne, Assert.Single(events).OccurredAtMicros);
            Assert.Contains("unknown field", Encoding.UTF8.GetString(events[0].Body.Span));
        }
    }

    [SkippableFact]
    public async Task Totals_WhenSumsLeave64Bits_AreExact()
    {
        var frame = Frame(0, 0);
        for (var i = 0; i < 20; i++) frame.Purchase("a", $"e{i}", T0, long.MaxValue);
        await InsertAsync(frame);
        Assert.Equal((Int128)long.MaxValue * 20, (await Warehouse.TotalsAsync(new Cut([20]), None))[0].BillingMinorSum);
    }

    [SkippableFact]
    public async Task LateRepeats_WhenNearestCopyIsOlderThanHorizon_AreListed()
    {
        await InsertAsync(Frame(0, 0).Purchase("a", "1", T0, 1).Purchase("a", "2", T0, 1).Purchase("b", "1", T0, 1));
        await InsertAsync(Frame(0, 3, 7 * DayMs).Purchase("a", "1", T0, 1));      // 3: exactly the horizon, not late
        await InsertAsync(Frame(0, 4, 7 * DayMs + 1).Purchase("a", "2", T0, 1));  // 4: late
        await InsertAsync(Frame(0, 5, 9 * DayMs).Purchase("a", "1", T0, 1));      // 5: its nearest copy is 3
        await InsertAsync(Frame(0, 6, 20 * DayMs).Purchase("b", "1", T0, 1));     // 6: late, beyond the first range
        await InsertAsync(Frame(1, 7, 20 * DayMs).Purchase("a", "1", T0, 1));     // another partition
        await InsertAsync(Frame(0, 4, 7 * DayMs + 1).Purchase("a", "2", T0, 1));  // the sink repeats itself
        Assert.Equal([new LateRepeat(CustomerId.From("a"), "2", 4)], await Warehouse.LateRepeatsAsync(0, 0, 6, 7 * DayMs, None));
        Assert.Equal([4, 6], (await Warehouse.LateRepeatsAsync(0, 0, 7, 7 * DayMs, None)).Select(l => l.Offset));
        Assert.Equal([6], (await Warehouse.LateRepeatsAsync(0, 5, 100, 7 * DayMs, None)).Select(l => l.Offset));
        Assert.Empty(await Warehouse.LateRepeatsAsync(1, 0, 100, 7 * DayMs, None));
    }

    [SkippableFact]
    public async Task Erasure_WhenItStandsBetween_HidesEventsAndRepeatsBeforeItOnly()
    {
        await InsertAsync(Frame(0, 0).Purchase("a", "1", T0, 1).Purchase("b", "1", T0, 1));
        await InsertAsync(Frame(0, 2, 8 * DayMs).Erasure("a").Void().Purchase("a", "1", T0, 1).Purchase("b", "1", T0, 1));
        Assert.Equal([4], (await Warehouse.EventsAsync(0, CustomerId.From("a"), null, 10, None)).Select(e => e.Offset));
        Assert.Equal([1], (await Warehouse.EventsAsync(0, CustomerId.From("b"), null, 10, None)).Select(e => e.Offset));
        Assert.Equal([5], (await Warehouse.LateRepeatsAsync(0, 0, 6, 7 * DayMs, None)).Select(l => l.Offset)); // a's is the first of a new customer
        Assert.Equal(4, (await Warehouse.TotalsAsync(new Cut([6]), None))[0].Events);                          // what is hidden is still there
        await AssertShownAsync(1, 4);
        await InsertAsync(Frame(0, 6, 8 * DayMs).Erasure("a"));
        await AssertShownAsync(1);
        Assert.Empty(await Warehouse.EventsAsync(0, CustomerId.From("a"), null, 10, None));
    }

    /// <summary>Where the warehouse shows events to analysts: exactly those of these offsets.</summary>
    protected virtual Task AssertShownAsync(params long[] offsets) => Task.CompletedTask;

    [SkippableFact]
    public async Task LateRepeats_WhenOnlyThePositionRepeats_AreNone()
    {
        var frame = Frame(0, 0).Purchase("a", "1", T0, 1);
        await InsertAsync(frame);
        await InsertAsync(frame);
        Assert.Empty(await Warehouse.LateRepeatsAsync(0, 0, 100, 0, None));
    }
}
