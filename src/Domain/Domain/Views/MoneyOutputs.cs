using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>
/// Which outputs are amounts of money, so that people can be shown 12.50 and not 1250: metrics over fields in minor units, and what is computed from them
/// so that it is money still. Money by money is a ratio, money by a number is money.
/// </summary>
public static class MoneyOutputs
{
    /// <returns>Indexes of outputs.</returns>
    public static IReadOnlySet<int> Of(ViewDefinition view)
    {
        var money = new HashSet<int>();
        foreach (var output in view.Outputs) // a derived value uses only what stands before it
        {
            var isMoney = output.Metric is { } metric
                ? metric.Aggregate is not (Aggregate.Count or Aggregate.Distinct) && metric.Field is FieldRef.Catalogued { Field.Unit: not FieldUnit.None }
                : view.Derived.FirstOrDefault(d => d.Name == output.Name) is { } derived && IsMoney(derived.Expression, money);
            if (isMoney) money.Add(output.Index);
        }
        return money;
    }

    private static bool IsMoney(Expr expression, IReadOnlySet<int> money) => expression switch
    {
        Expr.Output output => money.Contains(output.Index),
        Expr.Unary { Operator: UnaryOperator.Negate } negated => IsMoney(negated.Operand, money),
        Expr.Binary { Operator: BinaryOperator.Add or BinaryOperator.Subtract } sum => IsMoney(sum.Left, money) || IsMoney(sum.Right, money),
        Expr.Binary { Operator: BinaryOperator.Multiply } product => IsMoney(product.Left, money) != IsMoney(product.Right, money),
        Expr.Binary { Operator: BinaryOperator.Divide } quotient => IsMoney(quotient.Left, money) && !IsMoney(quotient.Right, money),
        Expr.Call { Function.Name: "if", Arguments: [_, var then, var otherwise] } => IsMoney(then, money) || IsMoney(otherwise, money),
        Expr.Call { Function.Name: "coalesce" or "least" or "greatest" } choice => choice.Arguments.Any(a => IsMoney(a, money)),
        Expr.Call { Function.Name: "abs" or "round" or "floor" or "ceil" or "total" or "[…]", Arguments: [var of, ..] } => IsMoney(of, money),
        _ => false,
    };
}
