using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Simulation;
using Lambda.TestKit.Views;
using Xunit;

namespace Lambda.Domain.Tests.Views;

/// <summary>Encodings that say something sensible in a way no writer would: each must be refused, or equal states could have unequal bytes.</summary>
public sealed class DamagedStateTests
{
    // A block is its length, then cells: header (slot step × 32 + 16 if keyed + kind), key, payload. A tile is its day, then a block.
    [Theory]
    [InlineData("02 0002 06", "a day without a tile")]
    [InlineData("00", "no cells and no tiles")]
    [InlineData("02 0002 06 00", "a tile without cells")]
    [InlineData("02 0002 06 02 0002 00 02 0002", "a day twice")]
    [InlineData("04 0002 0002", "a slot twice")]
    [InlineData("06 100202 100102", "keys that descend")]
    [InlineData("05 0002 110102", "two kinds in one slot")]
    [InlineData("03 100002", "key 0 written out")]
    [InlineData("02 0602", "kind 6")]
    [InlineData("02 0802", "kind 8")]
    [InlineData("03 008200", "a number in two bytes that needs one")]
    [InlineData("1B 008000 0100000000000000 00000000000000000000000000000000", "a wide number that fits int64")]
    [InlineData("1B 018000 0000000000000000 00000000000000800000000000000000", "a wide minimum that does not fit 128 bits")]
    [InlineData("02 0500", "a set of nothing")]
    [InlineData("12 0502 8000000000000002 8000000000000001", "elements that descend")]
    [InlineData("12 0502 8000000000000001 8000000000000001", "an element twice")]
    [InlineData("0A 0502 8000000000000001", "a set cut short")]
    [InlineData("03 090561", "a text cut short")]
    [InlineData("0E 03 0000000000000000 808008 02 00", "a byte behind the last cell")]
    public void Decode_OfWhatNoWriterWrites_Refuses(string hex, string why)
    {
        var bytes = Convert.FromHexString(hex.Replace(" ", ""));
        var thrown = Assert.ThrowsAny<Exception>(() => State.Decode(bytes));
        Assert.True(thrown is InvalidDataException, $"{why}: {thrown}");
    }

    [Theory]
    [InlineData("02 0002")]
    [InlineData("02 0002 06 02 0002 01 02 0002")]
    [InlineData("06 100102 100202")]
    [InlineData("1B 008000 0000000000000080 00000000000000000000000000000000")]
    [InlineData("12 0502 8000000000000001 8000000000000002")]
    [InlineData("0D 03 0000000000000000 808008 02")]
    public void Decode_OfItsNearestRightForm_Accepts(string hex) => Assert.False(State.Decode(Convert.FromHexString(hex.Replace(" ", ""))).IsEmpty);

    [Theory]
    [InlineData(9, true)]
    [InlineData(10, false)]
    public void Fold_AtTheEdgeOfTheRetention_WritesATileOnlyInside(int daysLate, bool hasTile)
    {
        var view = new CompiledView(TestDefinition.Of([TestDefinition.Metric("m", [EventCatalog.Login], Aggregate.Count, windows: [1])], tileRetentionDays: 10));
        var occurredDay = RandomViews.Today - daysLate;
        var record = new RecordWriter().Begin(EventCatalog.Login, "c"u8, "e"u8, (occurredDay + 1) * Clock.MicrosPerDay - 1).SetBool(EventCatalog.Success, true).Finish().ToArray();
        var state = new State();
        view.Fold(state, new LoggedEvent(record, 1, RandomViews.Today * Clock.MsPerDay).ToRow());
        var answer = view.Finish(state, null, null, occurredDay);
        Assert.Equal(Value.Int(1), answer.Scalars[0]);
        Assert.Equal(Value.Int(hasTile ? 1 : 0), answer.Scalars[1]);
    }

    [Fact]
    public void Latest_OfEventsAtOneInstant_IsTheOneWithTheHighestOffset()
    {
        var view = new CompiledView(TestDefinition.Of([
            TestDefinition.Metric("last", [EventCatalog.CreditScore], Aggregate.Latest, new FieldRef.Catalogued(EventCatalog.Score)),
            TestDefinition.Metric("first", [EventCatalog.CreditScore], Aggregate.First, new FieldRef.Catalogued(EventCatalog.Score))]));
        foreach (var order in new[] { new[] { 1, 2, 3 }, [3, 2, 1], [2, 3, 1] })
        {
            var state = new State();
            foreach (var offset in order)
            {
                var writer = new RecordWriter().Begin(EventCatalog.CreditScore, "c"u8, Encoding.UTF8.GetBytes($"e{offset}"), 5).SetNumber(EventCatalog.Score, 700 - offset);
                view.Fold(state, new LoggedEvent(writer.Finish().ToArray(), offset, 0).ToRow());
            }
            Assert.Equal([Value.Int(697), Value.Int(699)], view.Finish(state, null, null, 0).Scalars);
        }
    }
}
