namespace Lambda.Domain.Expressions;

/// <summary>An expression with only the parentheses it needs, for people: the same language as <see cref="ExprText"/>, which is for machines.</summary>
public static class ExprProse
{
    private const int OrLevel = 1, AndLevel = 2, NotLevel = 3, ComparisonLevel = 4, SumLevel = 5, ProductLevel = 6, UnaryLevel = 7, AtomLevel = 8;

    public static string Print(Expr expression) => Print(expression, OrLevel);

    private static string Print(Expr expression, int least)
    {
        var (text, level) = Node(expression);
        return level < least ? $"({text})" : text;
    }

    private static (string Text, int Level) Node(Expr expression) => expression switch
    {
        Expr.Unary { Operator: UnaryOperator.Not } not => ($"not {Print(not.Operand, NotLevel)}", NotLevel),
        Expr.Unary { Operand: Expr.Constant } => (ExprText.Print(expression), AtomLevel),
        Expr.Unary negate => ($"-{Print(negate.Operand, AtomLevel)}", UnaryLevel),
        Expr.Binary { Operator: BinaryOperator.And, Left: Expr.Binary { Operator: BinaryOperator.GreaterOrEqual } low, Right: Expr.Binary { Operator: BinaryOperator.LessOrEqual } high }
            when ExprText.Print(low.Left) == ExprText.Print(high.Left) =>
            ($"{Print(low.Left, SumLevel)} between {Print(low.Right, SumLevel)} and {Print(high.Right, SumLevel)}", ComparisonLevel),
        Expr.Binary { Operator: BinaryOperator.Or } or => ($"{Side(or.Left)} or {Print(or.Right, NotLevel)}", OrLevel),
        Expr.Binary binary => Binary(binary, LevelOf(binary.Operator)),
        Expr.In membership => ($"{Print(membership.Operand, SumLevel)}{(membership.Negated ? " not" : "")} in ({string.Join(", ", membership.Values.Select(ExprText.Print))})", ComparisonLevel),
        Expr.IsNull test => ($"{Print(test.Operand, SumLevel)} is{(test.Negated ? " not" : "")} null", ComparisonLevel),
        Expr.Call call when call.Function == Functions.KeyAccess => (ExprText.Print(call), AtomLevel),
        Expr.Call call => ($"{call.Function.Name}({string.Join(", ", call.Arguments.Select(a => Print(a)))})", AtomLevel),
        _ => (ExprText.Print(expression), AtomLevel),
    };

    // `a or (b and c)`: the parentheses say what few remember.
    private static string Side(Expr left) => Print(left, left is Expr.Binary { Operator: BinaryOperator.Or } ? OrLevel : NotLevel);

    // Operators group to the left: a right operand of the same level keeps its parentheses. Comparisons do not chain.
    private static (string Text, int Level) Binary(Expr.Binary binary, int level)
    {
        var left = level == ComparisonLevel ? SumLevel : level;
        return ($"{Print(binary.Left, left)} {ExprText.Symbol(binary.Operator)} {Print(binary.Right, level + 1)}", level);
    }

    private static int LevelOf(BinaryOperator binary) => binary switch
    {
        BinaryOperator.And => AndLevel,
        BinaryOperator.Add or BinaryOperator.Subtract => SumLevel,
        BinaryOperator.Multiply or BinaryOperator.Divide => ProductLevel,
        _ => ComparisonLevel,
    };
}
