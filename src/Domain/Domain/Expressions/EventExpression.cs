using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>A compiled expression over one event. Immutable and safe for concurrent use.</summary>
public sealed class EventExpression
{
    /// <summary>Of a bool expression: true, and neither false nor null.</summary>
    public bool IsTrue(EventRow row) => throw new NotImplementedException();

    /// <summary>Text results are copies: they outlive the row.</summary>
    public Value Evaluate(EventRow row) => throw new NotImplementedException();
}

public static class EventExpressions
{
    public static EventExpression Compile(Expr expression) => throw new NotImplementedException();
}
