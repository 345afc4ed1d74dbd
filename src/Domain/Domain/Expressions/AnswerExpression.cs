namespace Lambda.Domain.Expressions;

/// <summary>A compiled expression over a finished answer. Immutable and safe for concurrent use.</summary>
public sealed class AnswerExpression
{
    /// <param name="scalars">By output index.</param>
    /// <param name="maps">By output index: a value per key of the output, null value = key absent.</param>
    public Value Evaluate(Value[] scalars, Value[]?[] maps, int asOfDay) => throw new NotImplementedException();

    public bool IsTrue(Value[] scalars, Value[]?[] maps, int asOfDay) => throw new NotImplementedException();
}

public static class AnswerExpressions
{
    public static AnswerExpression Compile(Expr expression) => throw new NotImplementedException();
}
