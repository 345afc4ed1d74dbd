using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// A built-in function: what the definition's author reads about it, and its checker, evaluator and SQL side by side. The entries are in <see cref="Functions"/>.
/// </summary>
/// <param name="Signature">Such as `days_between(from day, to day) → int64`.</param>
public sealed record Function(string Name, string Signature, string Doc)
{
    /// <summary>Checks a call and gives its type; null after an error, which it has reported.</summary>
    internal Func<CallCheck, ResultType?> Check { get; init; } = null!;

    internal Func<Expr.Call, Node> Compile { get; init; } = null!;

    internal Func<Expr.Call, SqlEmitter, Sql> Emit { get; init; } = null!;
}

/// <summary>An argument as written.</summary>
/// <param name="Expression">Null for the literal `null`, whose type the function decides.</param>
internal readonly record struct Argument(Expr? Expression, SourcePlace Place);

/// <summary>A call being checked: its arguments, and where errors go.</summary>
internal sealed class CallCheck(string function, string signature, SourcePlace place, Argument[] arguments, Action<SourcePlace, string> report)
{
    public Argument[] Arguments { get; } = arguments;

    public Expr this[int index] => Arguments[index].Expression!;

    public ResultType? Fail(int argument, string message)
    {
        report(Arguments[argument].Place, message);
        return null;
    }

    /// <summary>The number of arguments lies within bounds; else reports.</summary>
    public bool HasCount(int least, int most)
    {
        if (Arguments.Length >= least && Arguments.Length <= most) return true;
        var expected = least == most ? $"{least}" : most == int.MaxValue ? $"at least {least}" : $"{least} to {most}";
        report(place, $"`{function}` got {Arguments.Length} argument{(Arguments.Length == 1 ? "" : "s")}, expected {expected}: {signature}");
        return false;
    }

    /// <summary>Exactly these scalar types, none the literal null; gives `result`.</summary>
    public ResultType? Strict(ScalarType result, params ReadOnlySpan<ScalarType> parameters)
    {
        if (!HasCount(parameters.Length, parameters.Length)) return null;
        var valid = true;
        for (var i = 0; i < parameters.Length; i++) valid &= Is(i, parameters[i]);
        return valid ? new ResultType(result, false) : null;
    }

    /// <summary>The argument is one of these scalar types; else reports.</summary>
    public bool Is(int argument, params ReadOnlySpan<ScalarType> types)
    {
        var expected = string.Join(" or ", types.ToArray().Select(t => t.Word()));
        if (Arguments[argument].Expression is not { } expression)
        {
            Fail(argument, $"argument {argument + 1} of `{function}` is null, expected {expected}");
            return false;
        }
        if (!expression.Type.ByKey && types.Contains(expression.Type.Scalar)) return true;
        Fail(argument, $"argument {argument + 1} of `{function}` is {expression.Type.Words()}, expected {expected}");
        return false;
    }

    /// <summary>
    /// One type for alternatives from `first` on: int64 beside decimal is decimal, the literal null takes the others' type. Null after reporting.
    /// </summary>
    public ResultType? Common(int first)
    {
        ScalarType? common = null;
        for (var i = first; i < Arguments.Length; i++)
        {
            if (Arguments[i].Expression is not { } expression) continue;
            if (expression.Type.ByKey) return Fail(i, $"argument {i + 1} of `{function}` is {expression.Type.Words()}, expected a single value");
            var type = expression.Type.Scalar;
            if (common is { } earlier && !Types.TryUnify(earlier, type, out type))
                return Fail(i, $"argument {i + 1} of `{function}` is {expression.Type.Words()}, but those before it are {earlier.Word()}");
            common = type;
        }
        if (common is null) return Fail(first, $"all alternatives of `{function}` are null: its type is not known");
        return new ResultType(common.Value, false);
    }
}
