namespace Lambda.Domain.Expressions;

/// <summary>Walks expressions.</summary>
public static class ExprTree
{
    public static IEnumerable<Expr> Children(Expr expression) => expression switch
    {
        Expr.Unary unary => [unary.Operand],
        Expr.Binary binary => [binary.Left, binary.Right],
        Expr.In membership => [membership.Operand],
        Expr.IsNull test => [test.Operand],
        Expr.Call call => call.Arguments,
        _ => [],
    };

    /// <summary>Fields, outputs, constants and `today`, left to right.</summary>
    public static IEnumerable<Expr> Leaves(Expr expression)
    {
        var children = Children(expression).ToList();
        return children.Count == 0 ? [expression] : children.SelectMany(Leaves);
    }

    /// <summary>Indexes of the outputs that the expression reads.</summary>
    public static IEnumerable<int> Outputs(Expr expression) => Leaves(expression).OfType<Expr.Output>().Select(o => o.Index).Distinct();
}
