using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>A compiled expression over one event. Immutable and safe for concurrent use.</summary>
public sealed class EventExpression
{
    private readonly Node _node;

    internal EventExpression(Node node) => _node = node;

    public ScalarType Type => _node.Type;

    /// <summary>Of a bool expression: true, and neither false nor null. Allocates nothing.</summary>
    public bool IsTrue(EventRow row)
    {
        ScratchText.Reset();
        return _node.Bool(new Frame(row, [], [], 0)) == Truth.True;
    }

    /// <summary>Text results are copies: they outlive the row.</summary>
    public Value Evaluate(EventRow row)
    {
        ScratchText.Reset();
        var value = _node.Evaluate(new Frame(row, [], [], 0));
        return value.Type == ScalarType.Text && !value.IsNull ? Value.Text(value.Utf8.ToArray()) : value;
    }
}

public static class EventExpressions
{
    public static EventExpression Compile(Expr expression) => new(Evaluators.Compile(expression));
}
