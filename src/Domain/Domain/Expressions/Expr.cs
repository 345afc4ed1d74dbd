using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// Type of a name in the answer: a scalar, or (for `by` metrics) scalars under the vocabulary's keys.
/// </summary>
public readonly record struct ResultType(ScalarType Scalar, bool ByKey)
{
    public override string ToString() => ByKey ? $"map of {Scalar}" : Scalar.ToString();
}

/// <summary>Where a node stands in the definition file (1-based).</summary>
public readonly record struct SourcePlace(int Line, int Column);

/// <summary>A name an event expression reads: a catalogued field, one declared by the definition, or one common to all events.</summary>
public abstract record FieldRef
{
    private FieldRef() { }

    public abstract string Name { get; }
    public abstract ScalarType Type { get; }

    public sealed record Catalogued(Field Field) : FieldRef
    {
        public override string Name => Field.Name;
        public override ScalarType Type => Field.Type;
    }

    /// <summary>A field outside the catalogue, declared with a type under `fields:`; read from the record's extras, null when absent or of another form.</summary>
    public sealed record Declared(string FieldName, ScalarType FieldType) : FieldRef
    {
        public override string Name => FieldName;
        public override ScalarType Type => FieldType;
    }

    public sealed record OccurredAt : FieldRef
    {
        public override string Name => "occurred_at";
        public override ScalarType Type => ScalarType.Instant;
    }

    public sealed record EventId : FieldRef
    {
        public override string Name => "event_id";
        public override ScalarType Type => ScalarType.Text;
    }

    /// <summary>The UTC day of <see cref="OccurredAt"/>: `distinct: occurred_day` counts active days.</summary>
    public sealed record OccurredDay : FieldRef
    {
        public override string Name => "occurred_day";
        public override ScalarType Type => ScalarType.Day;
    }

    /// <summary>The event type's name.</summary>
    public sealed record TypeName : FieldRef
    {
        public override string Name => "type";
        public override ScalarType Type => ScalarType.Text;
    }
}

public enum UnaryOperator { Not, Negate }

public enum BinaryOperator { Or, And, Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, Add, Subtract, Multiply, Divide }

/// <summary>
/// A checked, typed expression. Null is a value of every type; `and`, `or`, `not` are three-valued; comparisons with null are null;
/// arithmetic that does not fit its type is null, and so is division by zero. int64 mixes with decimal and then is decimal; division is always decimal.
/// </summary>
public abstract record Expr
{
    private Expr() { }

    public abstract ResultType Type { get; }

    public sealed record Constant(Value Value) : Expr
    {
        public override ResultType Type => new(Value.Type, false);
    }

    /// <summary>A field of the event (in `when`).</summary>
    public sealed record EventField(FieldRef Field) : Expr
    {
        public override ResultType Type => new(Field.Type, false);
    }

    /// <summary>A metric or derived of the answer (in `derived`, `segments`, searches), by its index in the view's outputs.</summary>
    /// <param name="Keys">The output's keys (<see cref="Views.OutputColumn.Keys"/>), null for scalars.</param>
    public sealed record Output(int Index, string Name, ResultType OutputType, IReadOnlyList<string>? Keys = null) : Expr
    {
        public override ResultType Type => OutputType;
    }

    /// <summary>The UTC day the answer is for (`as_of`). Only in derived and segments.</summary>
    public sealed record Today : Expr
    {
        public override ResultType Type => new(ScalarType.Day, false);
    }

    public sealed record Unary(UnaryOperator Operator, Expr Operand, ResultType ResultType) : Expr
    {
        public override ResultType Type => ResultType;
    }

    public sealed record Binary(BinaryOperator Operator, Expr Left, Expr Right, ResultType ResultType) : Expr
    {
        public override ResultType Type => ResultType;
    }

    public sealed record In(Expr Operand, IReadOnlyList<Value> Values, bool Negated) : Expr
    {
        public override ResultType Type => new(ScalarType.Bool, false);
    }

    public sealed record IsNull(Expr Operand, bool Negated) : Expr
    {
        public override ResultType Type => new(ScalarType.Bool, false);
    }

    /// <summary>A built-in function, by its entry in the function table.</summary>
    public sealed record Call(Function Function, IReadOnlyList<Expr> Arguments, ResultType ResultType) : Expr
    {
        public override ResultType Type => ResultType;
    }
}
