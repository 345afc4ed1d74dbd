using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Simulation;

public static class SimulatedDefinitions
{
    private sealed record M(string Name, EventType[] Of, Aggregate A, FieldRef? F, Expr? When, Field? By, int[] W);

    public static IReadOnlyList<ViewDefinition> Load() => [First(), Second()];

    private static FieldRef F(Field f) => new FieldRef.Catalogued(f);
    private static Expr Eq(Field f, string v) => new Expr.Binary(BinaryOperator.Equal, new Expr.EventField(F(f)), new Expr.Constant(Value.Text(v)), new ResultType(ScalarType.Bool, false));

    private static ViewDefinition First() => Build("a", 60, [
        new("spend", [EventCatalog.Transaction], Aggregate.Sum, F(EventCatalog.BillingAmountMinor), Eq(EventCatalog.Direction, "debit"), null, [1, 7, 30]),
        new("spend_by_category", [EventCatalog.Transaction], Aggregate.Sum, F(EventCatalog.BillingAmountMinor), null, EventCatalog.Category, [7]),
        new("purchases", [EventCatalog.Transaction], Aggregate.Count, null, null, null, [30]),
        new("merchants", [EventCatalog.Transaction], Aggregate.Distinct, F(EventCatalog.MerchantId), null, null, [7]),
        new("email", [EventCatalog.Profile], Aggregate.Latest, F(EventCatalog.Email), null, null, []),
        new("first_country", [EventCatalog.Transaction, EventCatalog.Login], Aggregate.First, F(EventCatalog.Country), null, null, []),
        new("last_seen_at", [EventCatalog.Transaction, EventCatalog.Login], Aggregate.Max, new FieldRef.OccurredAt(), null, null, []),
        new("north", [EventCatalog.Transaction], Aggregate.Max, F(EventCatalog.Lat), null, null, [7]),
    ]);

    private static ViewDefinition Second() => Build("b", 45, [
        new("purchases", [EventCatalog.Transaction], Aggregate.Count, null, null, null, [30]),
        new("merchants", [EventCatalog.Transaction], Aggregate.Distinct, F(EventCatalog.MerchantId), null, null, [7]),
        new("email", [EventCatalog.Profile], Aggregate.Latest, F(EventCatalog.Email), null, null, []),
        new("spend", [EventCatalog.Transaction], Aggregate.Sum, F(EventCatalog.BillingAmountMinor), null, null, [7]),
        new("logins", [EventCatalog.Login], Aggregate.Count, null, null, EventCatalog.AuthMethod, [1, 7]),
        new("level", [EventCatalog.Transaction, EventCatalog.Login], Aggregate.Latest, new FieldRef.Declared("loyalty_level", ScalarType.Text), null, null, []),
    ]);

    private static ViewDefinition Build(string hash, int retention, M[] ms)
    {
        var metrics = ms.Select((m, i) => new Metric(i, m.Name, "", m.Of, m.A, m.F, m.When, m.By, m.W, false, $"{m.A} {m.F?.Name} {m.When} {m.By?.Name} {string.Join(',', m.W)} {string.Join(',', m.Of.Select(o => o.Name))}")).ToList();
        var outputs = new List<OutputColumn>();
        foreach (var m in metrics)
            foreach (var w in m.WindowDays.Prepend(0))
                outputs.Add(new OutputColumn(outputs.Count, w == 0 ? m.Name : $"{m.Name}_{w}d", OutputKind.Metric, new ResultType(m.ResultScalar, m.By is not null), m, w, m.By is null ? null : [.. m.By.Vocabulary!, ViewDefinition.OtherKey], false, ""));
        return new ViewDefinition(hash, string.Concat(Enumerable.Repeat(hash, 64)), hash, retention, [], metrics, [], [], outputs);
    }
}
