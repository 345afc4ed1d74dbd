using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Domain.Lifetime;

/// <summary>Which outputs of a definition tell a customer's purchase history, by index: what stands under `lifetime` in the definition.</summary>
/// <param name="Purchases">int64: days with a purchase.</param>
/// <param name="First">Day or instant of the first purchase.</param>
/// <param name="Last">Day or instant of the last.</param>
/// <param name="Spent">int64, minor units, over the same purchases; null: no values are estimated.</param>
public sealed record LifetimeInputs(int Purchases, int First, int Last, int? Spent)
{
    /// <summary>Estimates that are columns of the population, in the definition's order, the model's version last; none when the definition names none.</summary>
    public IReadOnlyList<string> Estimates { get; init; } = [];

    /// <summary>Null when the customer never bought, or only on days after the one asked for.</summary>
    public PurchaseHistory? HistoryOf(Answer answer)
    {
        if (DayOf(answer, First) is not { } first || DayOf(answer, Last) is not { } last || answer.Scalars[Purchases] is not { IsNull: false } bought) return null;
        var (age, days) = (answer.AsOfDay - first, (long)bought.Number);
        if (days < 1 || age < 0) return null;
        var spent = Spent is { } index && !answer.Scalars[index].IsNull ? (double)answer.Scalars[index].Number : 0;
        // An event that is dated ahead is counted already: it must not make the customer younger than the last purchase.
        return new PurchaseHistory(days - 1, Math.Min(last - first, age), age, spent / days, Spent is null ? 0 : days);
    }

    private static int? DayOf(Answer answer, int index)
    {
        var value = answer.Scalars[index];
        if (value.IsNull) return null;
        return answer.Definition.Outputs[index].Type.Scalar == ScalarType.Day ? (int)value.Number : Clock.DayOf((long)value.Number);
    }
}
