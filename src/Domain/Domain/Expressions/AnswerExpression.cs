namespace Lambda.Domain.Expressions;

/// <summary>A compiled expression over a finished answer. Immutable and safe for concurrent use.</summary>
public sealed class AnswerExpression
{
    private readonly Node _node;

    internal AnswerExpression(Node node) => _node = node;

    /// <param name="scalars">By output index.</param>
    /// <param name="maps">By output index: a value per key of the output, null value = key absent.</param>
    public Value Evaluate(Value[] scalars, Value[]?[] maps, int asOfDay)
    {
        ScratchText.Reset();
        return _node.Evaluate(new Frame(null, scalars, maps, asOfDay));
    }

    /// <summary>Of a bool expression: true, and neither false nor null.</summary>
    public bool IsTrue(Value[] scalars, Value[]?[] maps, int asOfDay)
    {
        ScratchText.Reset();
        return _node.Bool(new Frame(null, scalars, maps, asOfDay)) == Truth.True;
    }
}

public static class AnswerExpressions
{
    public static AnswerExpression Compile(Expr expression) => new(Evaluators.Compile(expression));
}
