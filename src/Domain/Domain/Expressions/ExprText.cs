using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// An expression as the language writes it, with every parenthesis: it parses back to the same tree. Equal texts mean equal expressions, so
/// metrics' fingerprints are made of it: a storage format.
/// </summary>
public static class ExprText
{
    public static string Print(Expr expression) => expression switch
    {
        Expr.Constant constant => Print(constant.Value),
        Expr.EventField field => field.Field.Name,
        Expr.Output output => output.Name,
        Expr.Today => "today",
        Expr.Unary { Operator: UnaryOperator.Not } not => $"(not {Print(not.Operand)})",
        Expr.Unary { Operand: Expr.Constant number } => $"(- ({Print(number)}))", // `- 5` would be the number −5
        Expr.Unary negate => $"(- {Print(negate.Operand)})",
        Expr.Binary binary => $"({Print(binary.Left)} {Symbol(binary.Operator)} {Print(binary.Right)})",
        Expr.In membership => $"({Print(membership.Operand)}{(membership.Negated ? " not" : "")} in ({string.Join(", ", membership.Values.Select(Print))}))",
        Expr.IsNull test => $"({Print(test.Operand)} is{(test.Negated ? " not" : "")} null)",
        Expr.Call call when call.Function == Functions.KeyAccess => $"{Print(call.Arguments[0])}[{Print(call.Arguments[1])}]",
        Expr.Call call => $"{call.Function.Name}({string.Join(", ", call.Arguments.Select(Print))})",
        _ => throw new InvalidOperationException($"expression {expression.GetType().Name} has no text"),
    };

    public static string Print(Value value)
    {
        if (value.IsNull) return "null";
        Span<byte> buffer = stackalloc byte[Decimals.MaxBytes];
        switch (value.Type)
        {
            case ScalarType.Text:
                return $"'{value.ToString().Replace("'", "''")}'";
            case ScalarType.Bool:
                return value.IsTrue ? "true" : "false";
            case ScalarType.Decimal:
                var number = Encoding.ASCII.GetString(buffer[..Decimals.Format(value.Number, buffer)]);
                return number.Contains('.') ? number : number + ".0";
            case ScalarType.Day:
                return $"date '{Encoding.ASCII.GetString(buffer[..Instants.FormatDay((int)value.Number, buffer)])}'";
            case ScalarType.Instant:
                return $"instant '{Encoding.ASCII.GetString(buffer[..Instants.Format((long)value.Number, buffer)])}'";
            default:
                return value.Number.ToString();
        }
    }

    public static string Symbol(BinaryOperator binary) => binary switch
    {
        BinaryOperator.Or => "or",
        BinaryOperator.And => "and",
        BinaryOperator.Equal => "=",
        BinaryOperator.NotEqual => "<>",
        BinaryOperator.Less => "<",
        BinaryOperator.LessOrEqual => "<=",
        BinaryOperator.Greater => ">",
        BinaryOperator.GreaterOrEqual => ">=",
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        _ => "/",
    };
}
