using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.TestKit.Expressions;
using Xunit;

namespace Lambda.Domain.Tests.Expressions;

/// <summary>What constructs mean, by example, as docs/definition-language.md says it. That SQL agrees is tested with random expressions.</summary>
public sealed class EvaluationTests
{
    private static readonly string[] Keys = ["groceries", "travel", "(other)"];

    private static readonly OutputColumn[] Outputs =
    [
        Output(0, "yes", ScalarType.Bool), Output(1, "no", ScalarType.Bool), Output(2, "unknown", ScalarType.Bool),
        Output(3, "max", ScalarType.Int64), Output(4, "min", ScalarType.Int64), Output(5, "none", ScalarType.Int64),
        Output(6, "largest", ScalarType.Decimal), Output(7, "m", ScalarType.Int64, map: true), Output(8, "empty", ScalarType.Int64, map: true),
        Output(9, "nothing", ScalarType.Text), Output(10, "tied", ScalarType.Int64, map: true),
    ];

    private static readonly Value[] Scalars =
    [
        Value.Bool(true), Value.Bool(false), Value.Null(ScalarType.Bool), Value.Int(long.MaxValue), Value.Int(long.MinValue), Value.Null(ScalarType.Int64),
        Value.DecimalScaled(DecimalMath.Limit - 1), default, default, Value.Null(ScalarType.Text), default,
    ];

    private static readonly Value[]?[] Maps = [null, null, null, null, null, null, null, [Value.Int(5), Value.Null(ScalarType.Int64), Value.Int(9)], [.. Keys.Select(_ => Value.Null(ScalarType.Int64))], null, [Value.Int(-1), Value.Int(7), Value.Int(7)]];

    [Theory]
    // three-valued logic
    [InlineData("yes and unknown", "null")]
    [InlineData("no and unknown", "false")]
    [InlineData("unknown and no", "false")]
    [InlineData("yes or unknown", "true")]
    [InlineData("unknown or no", "null")]
    [InlineData("not unknown", "null")]
    [InlineData("none = none", "null")]
    [InlineData("none is null", "true")]
    [InlineData("none in (1, 2)", "null")]
    [InlineData("none not in (1, 2)", "null")]
    // int64 overflows to null; division is decimal
    [InlineData("max + 1", "null")]
    [InlineData("min - 1", "null")]
    [InlineData("max * 2", "null")]
    [InlineData("- min", "null")]
    [InlineData("abs(min)", "null")]
    [InlineData("max + 1.0", "9223372036854775808.0")]
    [InlineData("7 / 2", "3.5")]
    [InlineData("1 / 3", "0.333333")]
    [InlineData("-2 / 3", "-0.666667")]
    [InlineData("1 / 0", "null")]
    [InlineData("0.0 / 0.0", "null")]
    // decimals: six digits, halves to even, 38 digits
    [InlineData("0.000001 * 0.5", "0.0")]
    [InlineData("0.000003 * 0.5", "0.000002")]
    [InlineData("-0.000005 / 10", "0.0")]
    [InlineData("-0.000015 / 10", "-0.000002")]
    [InlineData("largest + 0.000001", "null")]
    [InlineData("largest * largest", "null")]
    [InlineData("largest / 0.1", "null")]
    [InlineData("largest / largest", "1.0")]
    [InlineData("round(2.5)", "2.0")]
    [InlineData("round(3.5)", "4.0")]
    [InlineData("round(-0.125, 2)", "-0.12")]
    [InlineData("round(largest, 1)", "null")]
    [InlineData("floor(-0.5)", "-1")]
    [InlineData("ceil(-0.5)", "0")]
    [InlineData("floor(largest)", "null")]
    [InlineData("1 = 1.0", "true")]
    // text
    [InlineData("lower('ÄBc')", "'Äbc'")]
    [InlineData("upper('äbc')", "'äBC'")]
    [InlineData("length('日本😀')", "3")]
    [InlineData("'Z' < 'a'", "true")]
    [InlineData("'ab' < 'b'", "true")]
    [InlineData("contains('abc', '')", "true")]
    [InlineData("ends_with('abc', 'bc')", "true")]
    [InlineData("starts_with(nothing, 'a')", "null")]
    // time
    [InlineData("days_between(date '2024-02-28', date '2024-03-01')", "2")]
    [InlineData("day(instant '1969-12-31T23:59:59.999999Z')", "date '1969-12-31'")]
    [InlineData("hour(instant '1969-12-31T23:59:59Z')", "23")]
    [InlineData("weekday(date '2026-01-31')", "6")]
    [InlineData("weekday(date '1969-12-28')", "7")]
    [InlineData("year(today) * 10000 + month(today) * 100 + day_of_month(today)", "20260131")]
    // choice
    [InlineData("if(unknown, 1, 2)", "2")]
    [InlineData("if(yes, 1, 2.5)", "1.0")]
    [InlineData("coalesce(none, null, 7)", "7")]
    [InlineData("least(3, none)", "null")]
    [InlineData("greatest('a', 'Z', 'b')", "'b'")]
    // maps
    [InlineData("m['travel']", "null")]
    [InlineData("m['(other)']", "9")]
    [InlineData("top_key(m)", "'(other)'")]
    [InlineData("top_key(tied)", "'travel'")]
    [InlineData("top_key(empty)", "null")]
    [InlineData("total(m)", "14")]
    [InlineData("total(empty)", "0")]
    public void Evaluate_OfExample_IsAsDocumented(string text, string expected)
    {
        var expression = ExpressionText.ParseAnswer(text, Outputs, out var errors);
        Assert.True(expression is not null, string.Join('\n', errors));
        Assert.Equal(expected, ExprText.Print(AnswerExpressions.Compile(expression).Evaluate(Scalars, Maps, asOfDay: 20_484))); // 2026-01-31
    }

    [Fact]
    public void IsTrue_OfEveryOperator_AllocatesNothing()
    {
        var declared = new FieldRef.Declared("level", ScalarType.Text);
        var expression = ExpressionText.ParseEvent(
            "status = 'approved' and lower(merchant_name) <> 'x' and amount_minor * 3 - 1 > 2 and lat * 2.5 < 1000.0 and hour(occurred_at) between 0 and 23 and level in ('gold', 'silver') and coalesce(mcc, 1) >= 0",
            [EventCatalog.Transaction], [declared], out _)!;
        var row = new EventRow();
        RecordCodec.Read(new RecordWriter().Begin(EventCatalog.Transaction, "c"u8, "e"u8, 1).SetText(EventCatalog.Status, "approved"u8).SetText(EventCatalog.MerchantName, "ACME"u8)
            .SetNumber(EventCatalog.AmountMinor, 100).SetDecimal(EventCatalog.Lat, 1).AddExtra("level"u8, ExtraKind.Text, "gold"u8).Finish().ToArray(), row);
        var compiled = EventExpressions.Compile(expression);
        Assert.True(compiled.IsTrue(row));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) compiled.IsTrue(row);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void EmitCondition_OverRequiredFields_NeedsNoPresenceTest()
    {
        var expression = ExpressionText.ParseEvent("direction = 'debit' and status = 'approved' and category = 'travel'", [EventCatalog.Transaction], [], out _)!;
        Assert.Equal("(((direction = 'debit') AND (status = 'approved')) AND (bitTest(present, 9) AND (category = 'travel')))", EventSql.EmitCondition(expression, [EventCatalog.Transaction]));
    }

    private static OutputColumn Output(int index, string name, ScalarType type, bool map = false) =>
        new(index, name, OutputKind.Derived, new(type, map), null, 0, map ? Keys : null, false, "");
}
