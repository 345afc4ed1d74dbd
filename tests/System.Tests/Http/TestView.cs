using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.SystemTests.Http;

/// <summary>A definition with an output of every type, and answers to it: made by hand, so that the API's tests need no compiler.</summary>
internal static class TestView
{
    public static readonly ViewDefinition Definition = Define("one");
    public static readonly ViewDefinition Other = Define("two");

    /// <summary>Every output has a value, the awkward ones where there are some.</summary>
    public static Answer Full(int asOfDay) => new(
        Definition, asOfDay,
        [Value.Int(1200), Value.Int(long.MaxValue), default, Value.Text("Zoë \"Q\" <o'neil>\n\u0001"), Value.Instant(1_700_000_000_123_450), Value.DecimalScaled(-1_500_001), Value.Bool(true), Value.Day(0)],
        [null, null, [Value.Int(7), Value.Null(ScalarType.Int64), Value.Int(2)], null, null, null, null, null],
        [true, false]);

    /// <summary>No output has a value.</summary>
    public static Answer Empty(int asOfDay) => new(
        Definition, asOfDay,
        [.. Definition.Outputs.Select(o => Value.Null(o.Type.Scalar))], [.. Definition.Outputs.Select(o => o.Keys?.Select(_ => Value.Null(o.Type.Scalar)).ToArray())], [false, false]);

    private static ViewDefinition Define(string text)
    {
        var spend = Metric(0, "spend", Aggregate.Sum, EventCatalog.BillingAmountMinor, null, [30]);
        var byCategory = Metric(1, "spend_by_category", Aggregate.Sum, EventCatalog.BillingAmountMinor, EventCatalog.Category, []);
        var name = Metric(2, "full_name", Aggregate.Latest, EventCatalog.FullName, null, []);
        var seen = Metric(3, "last_seen_at", Aggregate.Max, null, null, []);
        string[] keys = ["groceries", "travel", ViewDefinition.OtherKey];
        OutputColumn[] outputs =
        [
            Column(0, "spend", ScalarType.Int64, spend), Column(1, "spend_30d", ScalarType.Int64, spend, 30), Column(2, "spend_by_category", ScalarType.Int64, byCategory, keys: keys),
            Column(3, "full_name", ScalarType.Text, name), Column(4, "last_seen_at", ScalarType.Instant, seen),
            Column(5, "avg_ticket", ScalarType.Decimal, null), Column(6, "is_active", ScalarType.Bool, null), Column(7, "first_day", ScalarType.Day, null),
        ];
        Segment[] segments = [Segment("high_value"), Segment("dormant")];
        return new ViewDefinition("test_view", Convert.ToHexStringLower(global::System.Text.Encoding.UTF8.GetBytes(text)), text, 400, [], [spend, byCategory, name, seen], [], segments, outputs);
    }

    private static Metric Metric(int slot, string name, Aggregate aggregate, Field? field, Field? by, int[] windows) => new(
        slot, name, "", [EventCatalog.Transaction], aggregate, field is null ? new FieldRef.OccurredAt() : new FieldRef.Catalogued(field), null, by, windows, field?.Pii ?? false, name);

    private static OutputColumn Column(int index, string name, ScalarType type, Metric? metric, int window = 0, string[]? keys = null) => new(
        index, name, metric is null ? OutputKind.Derived : OutputKind.Metric, new ResultType(type, keys is not null), metric, window, keys, metric?.Pii ?? false, "What " + name + " is.");

    private static Segment Segment(string name) => new(name, "Who is " + name + ".", new Expr.Constant(Value.Bool(true)));
}
