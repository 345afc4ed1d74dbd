using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>Expression trees to closures. What each construct means is written down in docs/definition-language.md.</summary>
internal static class Evaluators
{
    public static Node Compile(Expr expression) => expression switch
    {
        Expr.Constant constant => Constant(constant.Value),
        Expr.EventField field => EventFields.Read(field.Field),
        Expr.Output output => Output(output),
        Expr.Today => new Node(ScalarType.Day, (in f, out value) => { value = f.Today; return true; }),
        Expr.Unary { Operator: UnaryOperator.Not } not => Not(Compile(not.Operand).Bool),
        Expr.Unary negate => Negate(Compile(negate.Operand)),
        Expr.Binary { Operator: BinaryOperator.And } and => And(Compile(and.Left).Bool, Compile(and.Right).Bool),
        Expr.Binary { Operator: BinaryOperator.Or } or => Or(Compile(or.Left).Bool, Compile(or.Right).Bool),
        Expr.Binary { Operator: >= BinaryOperator.Add } arithmetic => Arithmetic.Compile(arithmetic.Operator, Compile(arithmetic.Left), Compile(arithmetic.Right)),
        Expr.Binary comparison => Comparison.Compile(comparison),
        Expr.In membership => Comparison.Compile(membership),
        Expr.IsNull test => IsNull(Compile(test.Operand), test.Negated),
        Expr.Call call => call.Function.Compile(call),
        _ => throw new InvalidOperationException($"expression {expression.GetType().Name} has no evaluator"),
    };

    private static Node Constant(Value constant)
    {
        var present = !constant.IsNull;
        switch (constant.Type)
        {
            case ScalarType.Decimal:
                var scaled = constant.Number;
                return new Node((in f, out value) => { value = scaled; return present; });
            case ScalarType.Text:
                var text = constant.Utf8Memory;
                return Node.OfText((in f, out value) => { value = text; return present; });
            case ScalarType.Bool:
                var truth = !present ? Truth.Null : constant.IsTrue ? Truth.True : Truth.False;
                return new Node((in f) => truth);
            default:
                var number = (long)constant.Number;
                return new Node(constant.Type, (in f, out value) => { value = number; return present; });
        }
    }

    private static Node Output(Expr.Output output)
    {
        if (output.OutputType.ByKey) throw new InvalidOperationException($"`{output.Name}` is a map: only functions over maps read it");
        var index = output.Index;
        return output.OutputType.Scalar switch
        {
            ScalarType.Decimal => new Node((in f, out value) =>
            {
                ref readonly var scalar = ref f.Scalars[index];
                value = scalar.Number;
                return !scalar.IsNull;
            }),
            ScalarType.Text => Node.OfText((in f, out value) =>
            {
                ref readonly var scalar = ref f.Scalars[index];
                value = scalar.Utf8Memory;
                return !scalar.IsNull;
            }),
            ScalarType.Bool => new Node((in f) =>
            {
                ref readonly var scalar = ref f.Scalars[index];
                return scalar.IsNull ? Truth.Null : scalar.Number != 0 ? Truth.True : Truth.False;
            }),
            var type => new Node(type, (in f, out value) =>
            {
                ref readonly var scalar = ref f.Scalars[index];
                value = (long)scalar.Number;
                return !scalar.IsNull;
            }),
        };
    }

    private static Node Not(BoolFn operand) => new((in f) => operand(f) switch
    {
        Truth.True => Truth.False,
        Truth.False => Truth.True,
        _ => Truth.Null,
    });

    private static Node And(BoolFn left, BoolFn right) => new((in f) =>
    {
        var first = left(f);
        if (first == Truth.False) return Truth.False;
        var second = right(f);
        return second == Truth.False ? Truth.False : first == Truth.Null ? Truth.Null : second;
    });

    private static Node Or(BoolFn left, BoolFn right) => new((in f) =>
    {
        var first = left(f);
        if (first == Truth.True) return Truth.True;
        var second = right(f);
        return second == Truth.True ? Truth.True : first == Truth.Null ? Truth.Null : second;
    });

    private static Node Negate(Node operand)
    {
        if (operand.Type == ScalarType.Decimal)
        {
            var scaled = operand.Decimal;
            return new Node((in f, out value) =>
            {
                var present = scaled(f, out value);
                value = -value;
                return present;
            });
        }
        var number = operand.Long;
        return new Node(ScalarType.Int64, (in f, out value) =>
        {
            var present = number(f, out value) && value != long.MinValue;
            value = unchecked(-value);
            return present;
        });
    }

    /// <summary>True where the node is null.</summary>
    public static Func<Frame, bool> NullTest(Node node)
    {
        switch (node.Type)
        {
            case ScalarType.Decimal:
                var scaled = node.Decimal;
                return f => !scaled(f, out _);
            case ScalarType.Text:
                var text = node.Text;
                return f => !text(f, out _);
            case ScalarType.Bool:
                var truth = node.Bool;
                return f => truth(f) == Truth.Null;
            default:
                var number = node.Long;
                return f => !number(f, out _);
        }
    }

    private static Node IsNull(Node operand, bool negated)
    {
        var isNull = NullTest(operand);
        return new Node((in f) => isNull(f) != negated ? Truth.True : Truth.False);
    }
}
