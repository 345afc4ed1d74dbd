using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// ClickHouse SQL over the columns of raw.events with exactly the meaning of <see cref="EventExpression"/>. Results are Int64 (int64, instant), Int128 × 10^6
/// (decimal), String (text), UInt8 (bool), Int32 (day), Nullable where the expression can be null. `of` are the event types the rows are known to have:
/// fields required by all of them need no presence test. Inner results may be named with aliases (x_…) that no other text emitted uses differently.
/// </summary>
public static class EventSql
{
    private const string OccurredDay = "toInt32(intDiv(occurred_at, toInt64(86400000000)) - (occurred_at % toInt64(86400000000) < 0))";

    public static string Emit(Expr expression, IReadOnlyList<EventType>? of = null) => Emitter(of).Column(expression);

    /// <summary>A never-null UInt8 condition that is 1 exactly where the bool expression is true: shorter and faster than testing <see cref="Emit(Expr, IReadOnlyList{EventType}?)"/>.</summary>
    public static string EmitCondition(Expr expression, IReadOnlyList<EventType>? of = null) => Emitter(of).Condition(expression);

    /// <summary>The value of a field, Nullable unless `of` requires the field.</summary>
    public static string Emit(FieldRef field, IReadOnlyList<EventType>? of = null) => Emit(new Expr.EventField(field), of);

    /// <summary>The value of a field, never null; anything where the field is absent.</summary>
    public static string EmitValue(FieldRef field) => Emitter(null).Value(new Expr.EventField(field));

    /// <summary>A never-null UInt8 condition: the field is present. "1" where `of` requires the field.</summary>
    public static string EmitPresent(FieldRef field, IReadOnlyList<EventType>? of = null) => Emitter(of).Present(new Expr.EventField(field));

    private static SqlEmitter Emitter(IReadOnlyList<EventType>? of)
    {
        var required = of is { Count: > 0 } ? of.Aggregate(ulong.MaxValue, (mask, type) => mask & type.RequiredMask) : 0;
        return new SqlEmitter((sql, leaf) => Field(sql, ((Expr.EventField)leaf).Field, required), null);
    }

    private static Sql Field(SqlEmitter sql, FieldRef field, ulong required) => field switch
    {
        FieldRef.Catalogued { Field: var known } => Column(known, (required >> known.Ordinal & 1) != 0 ? Sql.Always : $"bitTest(present, {known.Ordinal})"),
        FieldRef.Declared declared => DeclaredSql.Read(sql, declared),
        FieldRef.OccurredDay => Sql.Scalar(OccurredDay),
        _ => Sql.Scalar(field.Name),
    };

    private static Sql Column(Field field, string present) => field.Type == ScalarType.Bool
        ? Sql.Test($"({field.Name} = 1)", present)
        : Sql.Scalar(field.Name, present);
}

/// <summary>ClickHouse SQL over finished output columns, with exactly the meaning of <see cref="AnswerExpression"/>; result types as in <see cref="EventSql"/>.</summary>
public static class AnswerSql
{
    /// <param name="outputColumn">SQL of an output's column: a scalar, Nullable or not, or a Map(String, …) with absent keys left out.</param>
    /// <param name="todayExpression">SQL of the as_of day, Int32 and never null.</param>
    public static string Emit(Expr expression, Func<int, string> outputColumn, string todayExpression) =>
        Emitter(outputColumn, todayExpression).Column(expression);

    /// <summary>A never-null UInt8 condition that is 1 exactly where the bool expression is true.</summary>
    public static string EmitCondition(Expr expression, Func<int, string> outputColumn, string todayExpression) =>
        Emitter(outputColumn, todayExpression).Condition(expression);

    private static SqlEmitter Emitter(Func<int, string> outputColumn, string today) =>
        new((_, leaf) => Column(((Expr.Output)leaf).OutputType, outputColumn(((Expr.Output)leaf).Index)), today);

    private static Sql Column(ResultType type, string column)
    {
        if (type.ByKey) return Sql.Scalar(column);
        var (value, present) = ($"assumeNotNull({column})", $"isNotNull({column})");
        return type.Scalar == ScalarType.Bool ? Sql.Test($"({value} = 1)", present) : Sql.Scalar(value, present);
    }
}
