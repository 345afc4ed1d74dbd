using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

public static partial class Functions
{
    private static Function Coalesce => field ??= new("coalesce", "coalesce(a, b, …) → their type", "The first argument that is not null; null if all are.")
    {
        Check = c => c.HasCount(2, int.MaxValue) ? c.Common(0) : null,
        Compile = call => Enumerable.Range(1, call.Arguments.Count - 1).Aggregate(Arg(call, 0), (first, i) => FirstOf(call.Type.Scalar, first, Arg(call, i))),
        Emit = (call, sql) => call.Arguments.Skip(1).Aggregate(sql.EmitAs(call.Type.Scalar, call.Arguments[0]), (first, argument) =>
            Either(sql, call.Type.Scalar, first.Present, first, sql.EmitAs(call.Type.Scalar, argument))),
    };

    private static Function If => field ??= new("if", "if(condition bool, a, b) → their type", "The second argument where the condition is true, else (false or null) the third.")
    {
        Check = c => c.HasCount(3, 3) && c.Is(0, ScalarType.Bool) ? c.Common(1) : null,
        Compile = call => Choose(call.Type.Scalar, Arg(call, 0).Bool, Arg(call, 1), Arg(call, 2)),
        Emit = (call, sql) => Either(sql, call.Type.Scalar, sql.Emit(call.Arguments[0]).IsTrue, sql.EmitAs(call.Type.Scalar, call.Arguments[1]), sql.EmitAs(call.Type.Scalar, call.Arguments[2])),
    };

    private static Sql Either(SqlEmitter sql, ScalarType type, string condition, Sql a, Sql b)
    {
        if (condition == Sql.Always) return a;
        if (condition == Sql.Never) return b;
        condition = sql.Let(condition);
        if (type != ScalarType.Bool) return Sql.Scalar(sql.Let(Sql.If(condition, a.Value, b.Value)), sql.Let(Sql.If(condition, a.Present, b.Present)));
        var isTrue = sql.Let(Sql.If(condition, a.IsTrue, b.IsTrue));
        return a.IsNeverNull && b.IsNeverNull ? Sql.NeverNull(isTrue) : Sql.Bool(isTrue, sql.Let(Sql.If(condition, a.IsFalse, b.IsFalse)));
    }

    private static Node Choose(ScalarType type, BoolFn condition, Node a, Node b)
    {
        switch (type)
        {
            case ScalarType.Decimal:
                var (decimalA, decimalB) = (a.Decimal, b.Decimal);
                return new Node((in f, out value) => condition(f) == Truth.True ? decimalA(f, out value) : decimalB(f, out value));
            case ScalarType.Text:
                var (textA, textB) = (a.Text, b.Text);
                return Node.OfText((in f, out value) => condition(f) == Truth.True ? textA(f, out value) : textB(f, out value));
            case ScalarType.Bool:
                var (boolA, boolB) = (a.Bool, b.Bool);
                return new Node((in f) => condition(f) == Truth.True ? boolA(f) : boolB(f));
            default:
                var (longA, longB) = (a.Long, b.Long);
                return new Node(type, (in f, out value) => condition(f) == Truth.True ? longA(f, out value) : longB(f, out value));
        }
    }

    private static Node FirstOf(ScalarType type, Node a, Node b)
    {
        switch (type)
        {
            case ScalarType.Decimal:
                var (decimalA, decimalB) = (a.Decimal, b.Decimal);
                return new Node((in f, out value) => decimalA(f, out value) || decimalB(f, out value));
            case ScalarType.Text:
                var (textA, textB) = (a.Text, b.Text);
                return Node.OfText((in f, out value) => textA(f, out value) || textB(f, out value));
            case ScalarType.Bool:
                var (boolA, boolB) = (a.Bool, b.Bool);
                return new Node((in f) => boolA(f) is var first and not Truth.Null ? first : boolB(f));
            default:
                var (longA, longB) = (a.Long, b.Long);
                return new Node(type, (in f, out value) => longA(f, out value) || longB(f, out value));
        }
    }
}
